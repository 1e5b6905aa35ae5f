// Go's net: a goroutine for each connection. go_server MODE.
//
// Prints its port and serves 127.0.0.1 until its standard input ends. Modes: see common.h. GOMAXPROCS comes from the
// environment: 1, since the server has one core.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"sync"
)

type hub struct {
	gate    sync.Mutex
	members map[net.Conn]bool
}

var broadcast = hub{members: map[net.Conn]bool{}}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func echo(conn net.Conn, size int) {
	defer conn.Close()
	buffer := make([]byte, size)
	for {
		length, err := conn.Read(buffer)
		if err != nil {
			return
		}
		if _, err = conn.Write(buffer[:length]); err != nil {
			return
		}
	}
}

// The first byte says what the connection is, and is echoed; a sender's other bytes go to every member.
func relay(conn net.Conn, size int) {
	defer conn.Close()
	buffer := make([]byte, size)
	if _, err := io.ReadFull(conn, buffer[:1]); err != nil {
		return
	}
	sender := buffer[0] == 'S'
	if !sender {
		broadcast.gate.Lock()
		broadcast.members[conn] = true
		broadcast.gate.Unlock()
		defer func() {
			broadcast.gate.Lock()
			delete(broadcast.members, conn)
			broadcast.gate.Unlock()
		}()
	}
	if _, err := conn.Write(buffer[:1]); err != nil {
		return
	}
	for {
		length, err := conn.Read(buffer)
		if err != nil {
			return
		}
		if sender {
			broadcast.gate.Lock()
			for member := range broadcast.members {
				member.Write(buffer[:length]) // one that is gone leaves by its own Read
			}
			broadcast.gate.Unlock()
		}
	}
}

func datagrams() {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	check(err)
	fmt.Println(conn.LocalAddr().(*net.UDPAddr).Port)
	buffer := make([]byte, 65536)
	for {
		length, peer, err := conn.ReadFromUDPAddrPort(buffer)
		check(err)
		conn.WriteToUDPAddrPort(buffer[:length], peer)
	}
}

func main() {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	mode := os.Args[1]
	if mode == "udp" {
		datagrams()
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	serve, size := echo, 4096
	switch mode {
	case "streams":
		size = 65536
	case "broadcast":
		serve = relay
	}
	for {
		conn, err := listener.Accept()
		check(err)
		go serve(conn, size)
	}
}
