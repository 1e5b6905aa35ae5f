using System.Buffers;
using System.Text;

namespace Sockeye.Chat.Lines;

/// <summary>What the decoder found.</summary>
public enum LineKind
{
    /// <summary>Nothing complete yet: feed more.</summary>
    None,

    /// <summary>A line, without its end.</summary>
    Line,

    /// <summary>A line is longer than the limit. Reported once; the rest of it is dropped.</summary>
    TooLong,
}

/// <summary>Bytes to lines, however the bytes are cut. Pure: no socket, no clock.</summary>
/// <remarks>
/// The contract:
/// <list type="bullet">
/// <item>LF ends a line; a CR before it belongs to the end. What was found does not depend on how the bytes were cut.</item>
/// <item>At most <c>lineBytesMax</c> + 1 bytes are held. A longer line is reported once and dropped up to its LF.</item>
/// <item>UTF-8 is decoded by whole lines, so a character cut by a packet stays whole; a broken one becomes U+FFFD.</item>
/// <item>Telnet negotiation (RFC 854) is taken out: IAC WILL/WONT/DO/DONT and the option, IAC SB … IAC SE (given up after
/// 64 bytes), and IAC with a command. IAC is 0xFF, which UTF-8 never uses. Anywhere else it is a broken byte.</item>
/// <item>Characters are not judged here; the chat has rules for that.</item>
/// </list>
/// </remarks>
public sealed class LineDecoder
{
    private const byte Iac = 255;
    private const int NegotiationBytesMax = 64;
    private static readonly SearchValues<byte> Special = SearchValues.Create([(byte)'\n', Iac]);

    private readonly int _lineBytesMax;
    private byte[] _held = []; // the beginning of an unfinished line; ours, and made on first need
    private int _heldLength;
    private bool _dropping;
    private Telnet _telnet;
    private int _negotiationBytes;

    /// <summary>A decoder at the beginning of a line.</summary>
    public LineDecoder(int lineBytesMax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lineBytesMax, 1);
        _lineBytesMax = lineBytesMax;
    }

    private enum Telnet
    {
        Text,
        Command,      // after IAC
        Option,       // after IAC WILL, WONT, DO or DONT
        Negotiation,  // after IAC SB
        NegotiationCommand, // after IAC within it
    }

    /// <summary>Bytes held of an unfinished line.</summary>
    public int HeldBytes => _heldLength;

    /// <summary>
    /// Takes bytes up to the next line or the next one that is too long; returns how many were taken. Call again with the rest until
    /// <paramref name="kind"/> is <see cref="LineKind.None"/>, which takes all.
    /// </summary>
    public int Read(ReadOnlySpan<byte> input, out LineKind kind, out string line)
    {
        line = "";
        int taken = 0;
        while (taken < input.Length)
        {
            if (_telnet != Telnet.Text)
            {
                if (!TakeTelnet(input[taken]))
                {
                    // The IAC was no command but a broken byte, and this byte is yet to be read.
                    kind = Hold([Iac]);
                    if (kind != LineKind.None)
                    {
                        return taken;
                    }

                    continue;
                }

                taken++;
                continue;
            }

            int length = input[taken..].IndexOfAny(Special);
            ReadOnlySpan<byte> run = length < 0 ? input[taken..] : input.Slice(taken, length);
            bool ends = length >= 0 && input[taken + length] == (byte)'\n';
            if (ends && !_dropping && _heldLength == 0 && WithoutReturn(run) is var whole && whole.Length <= _lineBytesMax)
            {
                // The common case: a whole line in one packet is never copied as bytes.
                kind = LineKind.Line;
                line = Encoding.UTF8.GetString(whole);
                return taken + length + 1;
            }

            kind = Hold(run);
            taken += run.Length;
            if (kind != LineKind.None)
            {
                return taken; // the LF, if there is one, ends the dropping at the next call
            }

            if (ends)
            {
                taken++;
                kind = EndLine(out line);
                if (kind != LineKind.None)
                {
                    return taken;
                }
            }
            else if (length >= 0)
            {
                taken++;
                _telnet = Telnet.Command;
            }
        }

        kind = LineKind.None;
        return taken;
    }

    /// <summary>The bytes have ended: what is held is the last line, if anything is.</summary>
    public LineKind Finish(out string line)
    {
        line = "";
        if (_telnet == Telnet.Command && Hold([Iac]) is LineKind.TooLong)
        {
            return LineKind.TooLong;
        }

        _telnet = Telnet.Text;
        return _heldLength == 0 && !_dropping ? LineKind.None : EndLine(out line);
    }

    private static ReadOnlySpan<byte> WithoutReturn(ReadOnlySpan<byte> line) =>
        line.Length > 0 && line[^1] == (byte)'\r' ? line[..^1] : line;

    /// <summary>One byte of a negotiation; false when it was none, and the byte was not taken.</summary>
    private bool TakeTelnet(byte b)
    {
        switch (_telnet)
        {
            case Telnet.Command when b is >= 251 and <= 254: // WILL, WONT, DO, DONT
                _telnet = Telnet.Option;
                return true;
            case Telnet.Command when b == 250: // SB
                _telnet = Telnet.Negotiation;
                _negotiationBytes = 0;
                return true;
            case Telnet.Command:
                _telnet = Telnet.Text;
                return b is >= 240 and < 250; // SE, NOP, IP, AYT, …; anything else is text, IAC IAC included
            case Telnet.Option:
                _telnet = Telnet.Text;
                return true;
            case Telnet.Negotiation:
                _telnet = b == Iac ? Telnet.NegotiationCommand : Telnet.Negotiation;
                break;
            case Telnet.NegotiationCommand:
                _telnet = b == 240 ? Telnet.Text : Telnet.Negotiation;
                break;
        }

        if (_telnet != Telnet.Text && ++_negotiationBytes >= NegotiationBytesMax)
        {
            _telnet = Telnet.Text;
        }

        return true;
    }

    private LineKind Hold(ReadOnlySpan<byte> run)
    {
        if (_dropping || run.Length == 0)
        {
            return LineKind.None;
        }

        int length = _heldLength + run.Length;
        bool fits = length <= _lineBytesMax
            || (length == _lineBytesMax + 1 && run[^1] == (byte)'\r'); // that CR may be part of the line's end
        if (!fits)
        {
            _dropping = true;
            _held = [];
            _heldLength = 0;
            return LineKind.TooLong;
        }

        if (_held.Length < length)
        {
            Array.Resize(ref _held, Math.Min(Math.Max(length, 2 * _held.Length), _lineBytesMax + 1));
        }

        run.CopyTo(_held.AsSpan(_heldLength));
        _heldLength = length;
        return LineKind.None;
    }

    private LineKind EndLine(out string line)
    {
        line = "";
        if (_dropping)
        {
            _dropping = false;
            return LineKind.None;
        }

        line = Encoding.UTF8.GetString(WithoutReturn(_held.AsSpan(0, _heldLength)));
        _heldLength = 0;
        if (_held.Length > 1_024)
        {
            _held = []; // one long line must not cost an idle connection its memory
        }

        return LineKind.Line;
    }
}
