// Goes away the day Sockeye.Socket stands in this namespace: there it wins by itself.
global using Socket = System.Net.Sockets.Socket;
