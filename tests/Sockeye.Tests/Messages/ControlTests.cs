using System.Globalization;
using System.Net;
using System.Reflection;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Messages;

/// <summary>Control messages in memory: keys, writer and reader, held against the C headers, python and chance.</summary>
public sealed class ControlTests : SocketTest
{
    private const int Rounds = 4_000;

    private static readonly Dictionary<string, string> LevelNames = new(StringComparer.Ordinal)
    {
        [nameof(SocketControl)] = "SOL_SOCKET",
        [nameof(IpControl)] = "IPPROTO_IP",
        [nameof(Ipv6Control)] = "IPPROTO_IPV6",
        [nameof(UdpControl)] = "IPPROTO_UDP",
        [nameof(TcpControl)] = "IPPROTO_TCP",
        [nameof(PacketControl)] = "SOL_PACKET",
        [nameof(NetlinkControl)] = "SOL_NETLINK",
        [nameof(TipcControl)] = "SOL_TIPC",
    };

    private static readonly PeerCredentials SomeCredentials = new(1, 2, 3);

    /// <summary>One kind of message: how chance makes a value, appends it, and finds it again.</summary>
    private abstract record Sample(string Name)
    {
        internal abstract object Make(Random random);

        internal abstract bool TryAdd(ref ControlWriter writer, object value);

        internal abstract object? Read(in RawControlMessage message);

        internal abstract int Space { get; }
    }

    private sealed record Sample<T>(ControlMessage<T> Key, Func<Random, T> Next) : Sample(Key.ToString())
        where T : notnull
    {
        internal override int Space => Key.Space();

        internal override object Make(Random random) => Next(random);

        internal override bool TryAdd(ref ControlWriter writer, object value) => writer.TryAdd(Key, (T)value);

        internal override object? Read(in RawControlMessage message) => message.TryGet(Key, out T? value) ? value : null;
    }

    private static readonly Sample[] Samples =
    [
        new Sample<PeerCredentials>(SocketControl.Credentials, r => new(r.Next(), (uint)r.Next(), (uint)r.Next())),
        new Sample<string>(SocketControl.SecurityLabel, r => new string((char)r.Next('a', 'z'), r.Next(0, 60)) + "é"),
        new Sample<KernelTimestamp>(SocketControl.Timestamp, r => new(r.NextInt64(), r.Next(1_000_000) * 1000)),
        new Sample<KernelTimestamp>(SocketControl.TimestampNanoseconds, r => new(r.NextInt64(), r.Next(1_000_000_000))),
        new Sample<PacketTimestamps>(SocketControl.Timestamps, r => new(new(r.NextInt64(), r.Next()), new(r.NextInt64(), r.Next()))),
        new Sample<uint>(SocketControl.Mark, r => (uint)r.Next()),
        new Sample<ulong>(SocketControl.TransmitTime, r => (ulong)r.NextInt64()),
        new Sample<int>(IpControl.TypeOfService, r => r.Next(256)),
        new Sample<int>(IpControl.TimeToLive, r => r.Next()),
        new Sample<Ipv4PacketInformation>(IpControl.PacketInformation, r => new(r.Next(), Address(r, 4), Address(r, 4))),
        new Sample<EndPoint>(IpControl.OriginalDestination, r => new IPEndPoint(Address(r, 4), r.Next(65_536))),
        new Sample<Ipv6PacketInformation>(Ipv6Control.PacketInformation, r => new(Address(r, 16), r.Next())),
        new Sample<EndPoint>(Ipv6Control.OriginalDestination, r => new IPEndPoint(Address(r, 16), r.Next(65_536))),
        new Sample<byte[]>(Ipv6Control.HopByHopOptions, r => Bytes(r.Next(0, 300), r.Next())),
        new Sample<ushort>(UdpControl.Segment, r => (ushort)r.Next(65_536)),
        new Sample<PacketAuxiliaryData>(
            PacketControl.AuxiliaryData, r => new((uint)r.Next(), r.Next(), r.Next(), (ushort)r.Next(), (ushort)r.Next(), (ushort)r.Next(), (ushort)r.Next())),
        new Sample<TipcDestinationName>(TipcControl.DestinationName, r => new((uint)r.Next(), (uint)r.Next(), (uint)r.Next())),
    ];

    [Fact]
    public void Every_key_has_the_numbers_of_the_C_headers()
    {
        Dictionary<string, long> numbers = Numbers();
        var wrong = new List<string>();
        List<FieldInfo> fields = Keys();
        Assert.True(fields.Count >= 40, $"Only {fields.Count} keys found.");
        foreach (FieldInfo field in fields)
        {
            object key = field.GetValue(null)!;
            string name = key.ToString()!;
            int type = (int)key.GetType().GetProperty("Type")!.GetValue(key)!;
            int level = (int)key.GetType().GetProperty("Level")!.GetValue(key)!;
            if (!numbers.TryGetValue(name, out long number) || number != type)
            {
                wrong.Add($"{field.DeclaringType!.Name}.{field.Name}: ours {type}; abi.c has {(numbers.TryGetValue(name, out number) ? number : "no line")} for {name}");
            }

            if (!LevelNames.TryGetValue(field.DeclaringType!.Name, out string? levelName) || !numbers.TryGetValue(levelName, out number) || number != level)
            {
                wrong.Add($"{field.DeclaringType!.Name}.{field.Name}: level {level}; abi.c has {(levelName is not null && numbers.TryGetValue(levelName, out number) ? number : "no line")} for {levelName}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact(Timeout = Limit)]
    public async Task Lengths_are_those_of_CMSG_LEN_and_CMSG_SPACE()
    {
        using PythonPeer python = PythonPeer.Start("print([(socket.CMSG_LEN(n), socket.CMSG_SPACE(n)) for n in range(301)])");
        IEnumerable<string> ours = Enumerable.Range(0, 301).Select(static n => $"({ControlMessage.Length(n)}, {ControlMessage.Space(n)})");
        Assert.Equal($"[{string.Join(", ", ours)}]", await python.End());
        Assert.Throws<ArgumentOutOfRangeException>(() => ControlMessage.Space(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ControlMessage.Length(-1));
        Assert.Throws<OverflowException>(() => ControlMessage.Space(int.MaxValue));
        Assert.Throws<OverflowException>(() => IpControl.TimeToLive.Space(int.MaxValue));
        Assert.Equal(3 * ControlMessage.Space(4), IpControl.TimeToLive.Space(3));
    }

    [Fact]
    public void What_is_written_is_read_again_in_its_order()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        byte[] memory = new byte[8 * 1024];
        for (int round = 0; round < Rounds; round++)
        {
            // An odd start now and then: the caller's buffer need not be aligned.
            int start = random.Next(0, 9);
            Span<byte> buffer = memory.AsSpan(start, random.Next(0, memory.Length - start));
            memory.AsSpan().Fill(0xEE);
            var writer = new ControlWriter(buffer);
            var added = new List<(Sample Sample, object Value)>();
            for (int i = random.Next(0, 12); i > 0; i--)
            {
                Sample sample = Samples[random.Next(Samples.Length)];
                object value = sample.Make(random);
                int before = writer.Written;
                if (sample.TryAdd(ref writer, value))
                {
                    added.Add((sample, value));
                }
                else
                {
                    Assert.True(buffer.Length - before < sample.Space, $"{sample.Name} had room; seed {seed}, round {round}.");
                    Assert.Equal(before, writer.Written);
                }
            }

            Assert.True(memory.AsSpan(start + writer.Written).IndexOfAnyExcept((byte)0xEE) < 0, $"Wrote beyond its end; seed {seed}, round {round}.");
            int index = 0;
            foreach (RawControlMessage message in new ControlReader(buffer[..writer.Written]))
            {
                (Sample sample, object value) = added[index++];
                Assert.True(Same(value, sample.Read(message)), $"{sample.Name}: wrote {value}, read {sample.Read(message)}; seed {seed}, round {round}.");
            }

            Assert.True(index == added.Count, $"{index} of {added.Count} messages; seed {seed}, round {round}.");
        }
    }

    [Fact]
    public void Whatever_lies_in_the_buffer_nothing_is_thrown_and_nothing_outside_is_read()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        byte[] memory = new byte[512];
        for (int round = 0; round < 10 * Rounds; round++)
        {
            random.NextBytes(memory);
            int start = random.Next(0, 9);
            Span<byte> buffer = memory.AsSpan(start, random.Next(0, memory.Length - start));

            // Chance alone makes no header that fits: plant some, whole, cut and with lengths beside the truth.
            int at = 0;
            while (at + ControlMessage.HeaderBytes <= buffer.Length && random.Next(8) > 0)
            {
                object key = Keyed[random.Next(Keyed.Length)];
                long length = random.Next(12) switch
                {
                    0 => random.Next(0, 17),
                    1 => long.MinValue,
                    2 => long.MaxValue,
                    3 => uint.MaxValue + (long)random.Next(64),
                    4 => buffer.Length - at + random.Next(0, 2),
                    _ => 16 + random.Next(0, 90),
                };
                BitConverter.TryWriteBytes(buffer[at..], length);
                BitConverter.TryWriteBytes(buffer[(at + 8)..], (int)key.GetType().GetProperty("Level")!.GetValue(key)!);
                BitConverter.TryWriteBytes(buffer[(at + 12)..], (int)key.GetType().GetProperty("Type")!.GetValue(key)!);
                if (length is < 16 or > 512)
                {
                    break;
                }

                at += (int)((length + 7) & ~7L);
            }

            try
            {
                ReadAll(buffer);
                SocketErrorRecord record = SocketErrorRecord.Read(buffer, memory.AsSpan(0, random.Next(0, 129)), 0, default);
                Assert.NotEmpty(record.ToString());
                _ = (record.Mtu, record.Stage, record.WasCopied, record.Error);

                // The numbers are chance's: only buffers without descriptors may be adopted.
                if (!HoldsDescriptors(buffer))
                {
                    Assert.Null(ReceivedDescriptors.Adopt(buffer));
                }
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {seed}, round {round}, {Convert.ToHexString(buffer)}: {exception}");
            }
        }
    }

    [Fact]
    public void A_buffer_cut_anywhere_gives_the_whole_messages_before_the_cut()
    {
        byte[] buffer = new byte[512];
        var writer = new ControlWriter(buffer);
        writer.Add(IpControl.TimeToLive, 7);
        int first = writer.Written;
        writer.Add(IpControl.PacketInformation, new(1, IPAddress.Loopback, IPAddress.Any));
        int second = writer.Written;
        writer.Add(SocketControl.Credentials, SomeCredentials);
        int whole = writer.Written;
        for (int length = 0; length <= whole; length++)
        {
            var reader = new ControlReader(buffer.AsSpan(0, length));

            // Without its padding a message is whole.
            Assert.Equal(length >= ControlMessage.Length(4), reader.TryGet(IpControl.TimeToLive, out int ttl) && ttl == 7);
            Assert.Equal(length >= first + ControlMessage.Length(12), reader.TryGet(IpControl.PacketInformation, out _));
            Assert.Equal(length >= second + ControlMessage.Length(12), reader.TryGet(SocketControl.Credentials, out PeerCredentials who) && who == SomeCredentials);
            Assert.Equal(length < ControlMessage.Length(4), reader.IsEmpty);
        }
    }

    [Fact]
    public void Unknown_and_repeated_messages_are_enumerated_in_their_order()
    {
        byte[] buffer = new byte[256];
        var writer = new ControlWriter(buffer);
        Assert.True(writer.TryAdd(4711, 12, [1, 2, 3]));
        writer.Add(IpControl.TimeToLive, 5);
        Assert.True(writer.TryAdd(4711, 13, []));
        writer.Add(IpControl.TimeToLive, 6);
        var seen = new List<string>();
        var values = new List<int>();
        var reader = new ControlReader(buffer.AsSpan(0, writer.Written));
        foreach (RawControlMessage message in reader)
        {
            seen.Add(message.ToString());
            if (message.TryGet(IpControl.TimeToLive, out int value))
            {
                values.Add(value);
            }
        }

        Assert.Equal(["level 4711 type 12, 3 bytes", "level 0 type 2, 4 bytes", "level 4711 type 13, 0 bytes", "level 0 type 2, 4 bytes"], seen);
        Assert.Equal([5, 6], values);
        Assert.True(reader.TryGet(IpControl.TimeToLive, out int firstValue));
        Assert.Equal(5, firstValue);
        Assert.False(reader.TryGet(IpControl.TypeOfService, out _));
        Assert.False(reader.TryGet(ControlMessage.Number(4711, 12), out _));
        Assert.True(reader.TryGet(ControlMessage.Bytes(4711, 12, 3), out byte[]? bytes));
        Assert.Equal([1, 2, 3], bytes);
        Assert.Equal("level 4711 type 12", ControlMessage.Number(4711, 12).ToString());
    }

    [Fact]
    public void A_value_that_cannot_be_written_leaves_no_message_behind()
    {
        byte[] buffer = new byte[128];
        var writer = new ControlWriter(buffer);
        writer.Add(IpControl.TimeToLive, 9);
        int before = writer.Written;
        foreach (string attempt in new[] { "v6 in v4", "v4 in v6", "host name", "no bytes", "no room" })
        {
            // A ref struct does not go into a lambda.
            try
            {
                switch (attempt)
                {
                    case "v6 in v4":
                        writer.Add(IpControl.PacketInformation, Ipv4PacketInformation.From(IPAddress.IPv6Loopback));
                        break;
                    case "v4 in v6":
                        writer.Add(Ipv6Control.PacketInformation, new(IPAddress.Loopback, 0));
                        break;
                    case "host name":
                        writer.Add(IpControl.OriginalDestination, new DnsEndPoint("localhost", 1));
                        break;
                    case "no bytes":
                        writer.Add(IpControl.ReturnOptions, null!);
                        break;
                    default:
                        writer.Add(Ipv6Control.HopByHopOptions, new byte[500]);
                        break;
                }

                Assert.Fail($"{attempt} was written.");
            }
            catch (ArgumentException exception)
            {
                if (attempt == "no room")
                {
                    Assert.Contains("IPV6_HOPOPTS needs 520 bytes, and 104 are left of the buffer's 128.", exception.Message);
                }
            }

            Assert.Equal(before, writer.Written);
        }

        writer.Add(IpControl.TypeOfService, 4);
        var reader = new ControlReader(buffer.AsSpan(0, writer.Written));
        Assert.True(reader.TryGet(IpControl.TypeOfService, out int tos) && tos == 4);
    }

    [Fact]
    public void Type_of_service_is_read_from_one_byte_and_from_an_int()
    {
        byte[] buffer = new byte[64];
        var writer = new ControlWriter(buffer);
        Assert.True(writer.TryAdd(0, 1, [0xB8]));
        Assert.True(new ControlReader(buffer.AsSpan(0, writer.Written)).TryGet(IpControl.TypeOfService, out int tos));
        Assert.Equal(0xB8, tos);
        writer = new ControlWriter(buffer);
        writer.Add(IpControl.TypeOfService, 0xB8);
        Assert.True(new ControlReader(buffer.AsSpan(0, writer.Written)).TryGet(IpControl.TypeOfService, out tos));
        Assert.Equal(0xB8, tos);
        writer = new ControlWriter(buffer);
        Assert.True(writer.TryAdd(0, 1, []));
        Assert.False(new ControlReader(buffer.AsSpan(0, writer.Written)).TryGet(IpControl.TypeOfService, out _));
    }

    [Fact]
    public void Texts_end_at_their_first_zero()
    {
        ControlMessage<string> key = ControlMessage.Text(9, 9, maxBytes: 16);
        byte[] buffer = new byte[64];
        var writer = new ControlWriter(buffer);
        Assert.True(writer.TryAdd(9, 9, "ab\0cd"u8));
        Assert.True(new ControlReader(buffer.AsSpan(0, writer.Written)).TryGet(key, out string? text));
        Assert.Equal("ab", text);
        Assert.Throws<ArgumentOutOfRangeException>(() => ControlMessage.Text(9, 9, maxBytes: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => ControlMessage.Bytes(9, 9, maxBytes: 0));
    }

    [Fact]
    public void A_record_is_read_whole()
    {
        byte[] buffer = new byte[256];
        var writer = new ControlWriter(buffer);
        byte[] data = new byte[16 + 16];
        BitConverter.TryWriteBytes(data, Errno.ECONNREFUSED);
        (data[4], data[5], data[6]) = (2, 3, 3);
        ((byte[])[2, 0, 0, 0, 127, 0, 0, 9]).CopyTo(data, 16);
        Assert.True(writer.TryAdd(0, 11, data));
        byte[] destination = [2, 0, 0, 53, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        var record = SocketErrorRecord.Read(buffer.AsSpan(0, writer.Written), destination, 5, default);
        Assert.Equal("Icmp: ECONNREFUSED, type 3 code 3, to 127.0.0.1:53, from 127.0.0.9:0", record.ToString());
        Assert.Equal(5, record.Length);
        Assert.Null(record.Mtu);
    }

    [Theory]
    [InlineData(0, 11)] // IPPROTO_IP, IP_RECVERR
    [InlineData(41, 25)] // IPPROTO_IPV6, IPV6_RECVERR
    [InlineData(263, 16)] // SOL_PACKET, PACKET_TX_TIMESTAMP
    [InlineData(101, 1)] // SOL_CAN_RAW, SCM_CAN_RAW_ERRQUEUE
    [InlineData(107, 4)] // SOL_CAN_J1939, SCM_J1939_ERRQUEUE
    [InlineData(287, 1)] // SOL_VSOCK, VSOCK_RECVERR
    public void Every_family_that_has_an_error_queue_is_understood(int level, int type)
    {
        byte[] buffer = new byte[64];
        var writer = new ControlWriter(buffer);
        byte[] data = new byte[16];
        (data[4], data[8], data[12]) = (5, 1, 2);
        Assert.True(writer.TryAdd(level, type, data));
        Assert.Equal("ZeroCopy: sends 1 to 2", SocketErrorRecord.Read(buffer.AsSpan(0, writer.Written), default, 0, default).ToString());
    }

    internal static Dictionary<string, long> Numbers() =>
        File.ReadLines(Path.Combine(Repository(), "tests/Sockeye.Interop.Tests/abi/abi.x64-glibc.txt"))
            .Distinct()
            .Select(line => line.Split(' '))
            .Where(parts => parts[0] == "number")
            .ToDictionary(parts => parts[1], parts => long.Parse(parts[2], CultureInfo.InvariantCulture), StringComparer.Ordinal);

    private static readonly object[] Keyed = [.. Keys().Select(static field => field.GetValue(null)!), ControlMessage.Number(1, 1), ControlMessage.Number(1, 4)];

    private static List<FieldInfo> Keys() =>
    [
        .. typeof(SocketControl).Assembly.GetTypes()
            .SelectMany(static type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.DeclaredOnly))
            .Where(static field => field.FieldType.IsGenericType && field.FieldType.GetGenericTypeDefinition() == typeof(ControlMessage<>)),
    ];

    private static void ReadAll(ReadOnlySpan<byte> buffer)
    {
        var reader = new ControlReader(buffer);
        int total = 0;
        foreach (RawControlMessage message in reader)
        {
            Assert.True(message.Data.IsEmpty || buffer.Overlaps(message.Data));
            total += message.Data.Length + ControlMessage.HeaderBytes;
            foreach (Sample sample in Samples)
            {
                sample.Read(message);
            }

            _ = message.ToString();
        }

        Assert.True(total <= buffer.Length);
        _ = reader.IsEmpty;
        reader.TryGet(Ipv6Control.OriginalDestination, out _);
        PacketInformation.Read(buffer);
    }

    private static bool HoldsDescriptors(ReadOnlySpan<byte> buffer)
    {
        foreach (RawControlMessage message in new ControlReader(buffer))
        {
            if (message is { Level: 1, Type: 1 or 4 })
            {
                return true;
            }
        }

        return false;
    }

    private static bool Same(object value, object? read) =>
        value is byte[] bytes ? bytes.AsSpan().SequenceEqual((byte[])read!) : value.Equals(read);

    private static IPAddress Address(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return new IPAddress(bytes);
    }

    private static string Repository()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Sockeye.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException("The tests run outside their repository.");
    }
}
