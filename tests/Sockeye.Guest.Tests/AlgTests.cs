using System.Net.Sockets;
using System.Text;

namespace Sockeye.Guest.Tests;

/// <summary>The kernel's cryptography: a socket is bound to an algorithm, and each accept gives one run of it.</summary>
public sealed class AlgTests : GuestTest
{
    // FIPS 180-2, appendix B.1.
    private const string HashOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    [Theory(Timeout = Limit), MemberData(nameof(Ways))]
    public async Task A_hash_is_sent_to_and_read_from_what_accept_gives(Way way)
    {
        using Socket algorithm = Sha256(way);
        using Socket run = await Accept(way, algorithm);

        Assert.Equal(HashOfAbc, await Hash(way, run, "abc"));
    }

    [Theory(Timeout = Limit), MemberData(nameof(Ways))]
    public async Task Whoever_listens_first_accepts_too(Way way)
    {
        using Socket algorithm = Sha256(way);
        algorithm.Listen();
        using Socket one = await Accept(way, algorithm);
        using Socket other = await Accept(way, algorithm);

        await Send(way, one, "a"u8.ToArray(), SocketFlags.More);
        Assert.Equal(HashOfAbc, await Hash(way, other, "abc"));
        Assert.Equal(HashOfAbc, await Hash(way, one, "bc"));
    }

    [Fact(Timeout = Limit)]
    public void Accept_before_bind_fails()
    {
        using Socket algorithm = Open(Way.Sync, AddressFamily.Alg, SocketType.Seqpacket);

        Assert.Equal(SocketError.InvalidArgument, Assert.ThrowsAny<SocketException>(() => algorithm.Accept()).SocketErrorCode);
    }

    private static Socket Sha256(Way way)
    {
        // struct sockaddr_alg: type, two masks of flags, name.
        byte[] address = new byte[14 + 4 + 4 + 64];
        Encoding.ASCII.GetBytes("hash", address);
        Encoding.ASCII.GetBytes("sha256", address.AsSpan(22));
        Socket algorithm = Open(way, AddressFamily.Alg, SocketType.Seqpacket);
        algorithm.Bind(new UnknownEndPoint(38, address));
        return algorithm;
    }

    private static async Task<string> Hash(Way way, Socket run, string text)
    {
        byte[] hash = new byte[64];
        Assert.Equal(text.Length, await Send(way, run, Encoding.ASCII.GetBytes(text)));
        return Convert.ToHexStringLower(hash.AsSpan(0, await Receive(way, run, hash)));
    }
}
