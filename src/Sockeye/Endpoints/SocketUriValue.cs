using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Sockeye.Families;

namespace Sockeye;

/// <summary>How the value of a query's option is read and printed.</summary>
internal abstract class SocketUriValue
{
    /// <summary>What it is, for help and errors.</summary>
    internal abstract string Summary { get; }

    /// <summary>The value of an option that is named alone; null when it must have one.</summary>
    internal virtual string? WhenAlone => null;

    internal abstract bool TryParse(SocketUriReader reader, SocketUriPart part, string name, SocketUriScheme scheme, out object value);

    /// <summary>The value as <see cref="TryParse"/> reads it: the canonical form.</summary>
    internal abstract string Print(object value, SocketUriScheme scheme);
}

/// <summary>1 or 0, and what people write for them; a bool.</summary>
internal sealed class SocketUriFlag : SocketUriValue
{
    internal override string Summary => "1 or 0 (yes, no, true, false, on, off)";

    internal override string? WhenAlone => "1";

    internal override bool TryParse(SocketUriReader reader, SocketUriPart part, string name, SocketUriScheme scheme, out object value)
    {
        ReadOnlySpan<char> text = reader.Span(part);
        value = Is(text, "1", "yes", "true", "on");
        return (bool)value || Is(text, "0", "no", "false", "off") || reader.Fail(part.Start, $"{name} is {Summary}");
    }

    internal override string Print(object value, SocketUriScheme scheme) => (bool)value ? "1" : "0";

    private static bool Is(ReadOnlySpan<char> text, params ReadOnlySpan<string> words)
    {
        foreach (string word in words)
        {
            if (text.Equals(word, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>A number; a long.</summary>
internal sealed class SocketUriNumber(long min, long max) : SocketUriValue
{
    internal override string Summary => max == int.MaxValue ? $"a number from {min}" : $"{min} to {max}";

    internal override bool TryParse(SocketUriReader reader, SocketUriPart part, string name, SocketUriScheme scheme, out object value)
    {
        bool read = reader.TryNumber(part, name, min, max, out long number);
        value = number;
        return read;
    }

    internal override string Print(object value, SocketUriScheme scheme) => ((long)value).ToString(CultureInfo.InvariantCulture);
}

/// <summary>A count of bytes, as 65536 or 64k; a long.</summary>
internal sealed class SocketUriSize : SocketUriValue
{
    internal override string Summary => "bytes: 65536, 64k, 1m";

    internal override bool TryParse(SocketUriReader reader, SocketUriPart part, string name, SocketUriScheme scheme, out object value)
    {
        int shift = part.IsEmpty ? 0 : (reader[part.End - 1] | 0x20) switch { 'k' => 10, 'm' => 20, _ => 0 };
        bool read = reader.TryNumber(part with { End = part.End - (shift > 0 ? 1 : 0) }, name, 0, int.MaxValue >> shift, out long number);
        value = number << shift;
        return read;
    }

    internal override string Print(object value, SocketUriScheme scheme) => ((long)value).ToString(CultureInfo.InvariantCulture);
}

/// <summary>A time, as 5s, 250ms, 2m; a TimeSpan.</summary>
internal sealed class SocketUriTime(TimeSpan min, TimeSpan max) : SocketUriValue
{
    internal override string Summary => "a time: 250ms, 5s, 2m, 1h";

    internal override bool TryParse(SocketUriReader reader, SocketUriPart part, string name, SocketUriScheme scheme, out object value)
    {
        value = TimeSpan.Zero;
        ReadOnlySpan<char> text = reader.Span(part);
        int digits = text.IndexOfAnyExcept(SocketUriReader.DigitsAndPoints);
        digits = digits < 0 ? text.Length : digits;

        // Decimal, so that 0.1s is 100 ms and what is printed is read as the same.
        if (digits > 20 || !decimal.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number))
        {
            return reader.Fail(part.Start, $"{name} is {Summary}");
        }

        decimal unit = text[digits..] switch
        {
            "ms" => TimeSpan.TicksPerMillisecond,
            "s" => TimeSpan.TicksPerSecond,
            "m" => TimeSpan.TicksPerMinute,
            "h" => TimeSpan.TicksPerHour,
            _ => 0,
        };
        if (unit == 0)
        {
            return reader.Fail(part.Start + digits, $"after the number comes ms, s, m or h; {name} is {Summary}");
        }

        if (number > max.Ticks / unit || number * unit < min.Ticks)
        {
            return reader.Fail(part.Start, $"{name} is {Print(min)} to {Print(max)}");
        }

        value = TimeSpan.FromTicks((long)(number * unit));
        return true;
    }

    internal override string Print(object value, SocketUriScheme scheme) => Print((TimeSpan)value);

    private static string Print(TimeSpan value) => value.Ticks % TimeSpan.TicksPerSecond == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{value.Ticks / TimeSpan.TicksPerSecond}s")
        : string.Create(CultureInfo.InvariantCulture, $"{value.Ticks / (decimal)TimeSpan.TicksPerMillisecond}ms");
}

/// <summary>Permissions in octal, as chmod(1) takes them; a UnixFileMode.</summary>
internal sealed class SocketUriFileMode : SocketUriValue
{
    internal override string Summary => "permissions in octal: 0660";

    internal override bool TryParse(SocketUriReader reader, SocketUriPart part, string name, SocketUriScheme scheme, out object value)
    {
        value = UnixFileMode.None;
        int mode = 0;
        for (int i = part.Start; i < part.End; i++)
        {
            if (reader[i] is < '0' or > '7')
            {
                return reader.Fail(i, $"{name} has the digits 0 to 7, as 0660");
            }

            mode = (mode << 3) | (reader[i] - '0');
            if (mode > 0x1FF)
            {
                return reader.Fail(i, $"{name} is at most 0777");
            }
        }

        value = (UnixFileMode)mode;
        return part.Length >= 3 || reader.Fail(part.Start, $"{name} has three digits or more, as 0660");
    }

    internal override string Print(object value, SocketUriScheme scheme) =>
        Convert.ToString((int)(UnixFileMode)value, 8).PadLeft(4, '0');
}

/// <summary>A name the kernel knows, of an interface or an algorithm; a string.</summary>
internal sealed class SocketUriName(int bytesMax) : SocketUriValue
{
    internal override string Summary => "a name";

    internal override bool TryParse(SocketUriReader reader, SocketUriPart part, string name, SocketUriScheme scheme, out object value)
    {
        bool read = reader.TryText(part, name, bytesMax, out string text);
        value = text;
        return read;
    }

    internal override string Print(object value, SocketUriScheme scheme) =>
        EndPointText.Escape(System.Text.Encoding.ASCII.GetBytes((string)value), "&");
}

/// <summary>An address of the scheme's own form; an EndPoint.</summary>
internal sealed class SocketUriSource : SocketUriValue
{
    internal override string Summary => "an address as the scheme writes it; a port may be left out";

    internal override bool TryParse(SocketUriReader reader, SocketUriPart part, string name, SocketUriScheme scheme, out object value)
    {
        value = "";
        if (!scheme.TryParseSource(reader, part, out SocketUriTarget target))
        {
            return false;
        }

        if (target.EndPoint is null or DnsEndPoint)
        {
            return reader.Fail(part.Start, $"{name} is an address of this machine, not a name");
        }

        value = target.EndPoint;
        return true;
    }

    internal override string Print(object value, SocketUriScheme scheme) => scheme.Print(new((EndPoint)value));
}

/// <summary>A multicast group, and after % the interface to join on; a <see cref="Group"/>, of netlink a long.</summary>
internal sealed class SocketUriGroup : SocketUriValue
{
    private const uint NetlinkGroupsMax = int.MaxValue;

    // The most that .NET's MulticastOption takes.
    private const int FourIndexMax = 0xFF_FFFF;

    internal override string Summary => "a group's address, and % with an interface: ff02::fb%eth0";

    internal override bool TryParse(SocketUriReader reader, SocketUriPart part, string name, SocketUriScheme scheme, out object value)
    {
        value = "";
        if (scheme.Traits.HasFlag(SocketUriTraits.Netlink))
        {
            bool read = reader.TryNumber(part, name, 1, NetlinkGroupsMax, out long number);
            value = number;
            return read;
        }

        int percent = reader.Find(part, '%');
        SocketUriPart text = part with { End = percent < 0 ? part.End : percent };
        uint index = 0;
        if (!InternetScheme.TryAddress(reader, text, out IPAddress? address)
            || (percent >= 0 && !InternetScheme.TryScope(reader, part with { Start = percent + 1 }, out index)))
        {
            return false;
        }

        bool isGroup = address.AddressFamily == AddressFamily.InterNetworkV6
            ? address.IsIPv6Multicast
            : address.GetAddressBytes()[0] is >= 224 and < 240;
        if (!isGroup)
        {
            return reader.Fail(part.Start, "no multicast group: those are 224.0.0.0/4 and ff00::/8");
        }

        int indexMax = address.AddressFamily == AddressFamily.InterNetworkV6 ? int.MaxValue : FourIndexMax;
        if (index > indexMax)
        {
            return reader.Fail(percent + 1, $"an interface's index is at most {indexMax} here");
        }

        value = new Group(address, (int)index);
        return true;
    }

    internal override string Print(object value, SocketUriScheme scheme) => value is Group group
        ? group.Address + (group.InterfaceIndex == 0 ? "" : InternetScheme.Scope((uint)group.InterfaceIndex))
        : ((long)value).ToString(CultureInfo.InvariantCulture);

    /// <summary>A group's address without a scope, and the interface; 0 is the kernel's choice.</summary>
    internal sealed record Group(IPAddress Address, int InterfaceIndex);
}
