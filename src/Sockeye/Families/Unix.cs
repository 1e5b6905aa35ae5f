using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye.Families;

/// <summary>
/// AF_UNIX: struct sockaddr_un, &lt;linux/un.h&gt;, unix(7). The BCL's end point says paths in UTF-8 and abstract
/// names, which it writes with a leading NUL; an unnamed socket comes back as an empty path.
/// </summary>
internal sealed class UnixCodec : AddressCodec
{
    // sizeof(struct sockaddr_un): the family and 108 bytes of path.
    private const int AddressBytesMax = sizeof(ushort) + 108;

    private static readonly UnixDomainSocketEndPoint Template = new("/");

    internal override int Family => SocketConstants.AF_UNIX;

    internal override bool TryEncode(EndPoint endPoint, Span<byte> destination, out int length)
    {
        length = 0;
        if (endPoint is not UnixDomainSocketEndPoint)
        {
            return false;
        }

        length = AddressCodecs.Encode(endPoint.Serialize(), destination);
        return true;
    }

    internal override EndPoint Decode(ReadOnlySpan<byte> address)
    {
        // A path that fills sun_path has no NUL, and the kernel counts the one it would have had (unix(7), BUGS).
        address = address[..Math.Min(address.Length, AddressBytesMax)];
        var bytes = new SocketAddress(AddressFamily.Unix, Math.Max(address.Length, 2));
        address.CopyTo(bytes.Buffer.Span);
        bytes.Size = Math.Max(address.Length, 2);
        return Template.Create(bytes);
    }
}
