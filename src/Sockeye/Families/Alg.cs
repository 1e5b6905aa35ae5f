using System.Net;
using Sockeye.Interop;

namespace Sockeye.Families;

/// <summary>
/// AF_ALG: the kernel's ciphers and hashes. Addresses are <see cref="UnknownEndPoint"/>: struct sockaddr_alg,
/// &lt;linux/if_alg.h&gt;, whose type has 14 bytes and whose name follows two 32-bit numbers.
/// </summary>
internal sealed class AlgFamily() : FamilyRow(FamilyConstants.AF_ALG, "AF_ALG", "af_alg")
{
    private const int TypeBytes = 14;
    private const int NameOffset = TypeBytes + sizeof(uint) + sizeof(uint);

    // listen(2) is EOPNOTSUPP, accept4(2) with room for an address ECONNABORTED: crypto/af_alg.c.
    internal override bool AcceptsUnlistened => true;

    internal override string? Cause(string call, int errno, EndPoint endPoint) => (call, errno) switch
    {
        ("bind", Errno.ENOENT) => $"this kernel has no {Algorithm(endPoint)}, or its module is not loaded; /proc/crypto lists what is there",
        ("bind", Errno.EINVAL) => "the address is too short, or this socket is bound already",
        _ => null,
    };

    private static string Algorithm(EndPoint endPoint)
    {
        if (endPoint is not UnknownEndPoint { Data: { Length: > NameOffset } data })
        {
            return "such algorithm";
        }

        return $"{Text(data.Span[..TypeBytes])} algorithm {Text(data.Span[NameOffset..])}";
    }

    private static string Text(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)0);
        return EndPointText.Escape(end < 0 ? bytes : bytes[..end]);
    }
}
