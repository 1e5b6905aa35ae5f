using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Sockeye.Cli.Serving;

/// <summary>What the serve commands share: their endpoints, their options, and how they run.</summary>
internal sealed class ServeCommandLine
{
    private static readonly SocketType[] Types = [SocketType.Stream, SocketType.Seqpacket, SocketType.Dgram, SocketType.Rdm];

    /// <summary>A server's clean exit.</summary>
    public static readonly ExitMeaning StoppedMeaning = new(ExitCode.Ok, "was asked to stop, and shut down cleanly");

    private readonly int _port;
    private readonly Argument<SocketUri[]> _endpoints;
    private readonly Option<int> _connections = OptionTypes.Number("--max-connections", "How many connections at a time; any more are closed at once", new ServeOptions().MaxConnections, 1);
    private readonly Option<int?> _buffer = Bytes();
    private readonly Option<TimeSpan?> _idle = OptionTypes.Positive(OptionTypes.Time("--idle", "Close a connection that has been silent for this long"));
    private readonly Option<TimeSpan?> _drain = OptionTypes.Time("--drain", "How long to wait, when stopping, for answers that are still due", new ServeOptions().Drain);
    private readonly Option<bool> _threads = new("--threads") { Description = "Serve each connection on its own thread, with synchronous calls, instead of all on one loop" };
    private readonly CommonOptions _common;

    private ServeCommandLine(Command command, int port)
    {
        _port = port;
        _endpoints = new("ENDPOINT")
        {
            Description = $"Where to serve, see below; several are served at once. Default: {string.Join(' ', Defaults().Select(static endpoint => endpoint.ToString()))}",
            Arity = ArgumentArity.ZeroOrMore,
            CustomParser = ParseMany,
            DefaultValueFactory = static _ => [],
        };
        EndpointCompletion.AddTo(_endpoints, Types);
        command.Arguments.Add(_endpoints);
        foreach (Option option in new Option[] { _connections, _buffer, _idle, _drain, _threads })
        {
            command.Options.Add(option);
        }

        _common = CommonOptions.AddTo(command, LogLevel.Information);
        command.WithEndpoints(Types);
        command.WithExitCodes([StoppedMeaning, .. ExitCode.Of(ExitCode.Failed, ExitCode.BadUsage, ExitCode.Interrupted)]);
    }

    /// <summary>Makes a command serve a program.</summary>
    /// <param name="command">The command, with the options of its own.</param>
    /// <param name="port">The TCP port of both loopback addresses, where it is served without an argument.</param>
    /// <param name="program">The program that the command line asks for.</param>
    public static Command Complete(Command command, int port, Func<ParseResult, ServedProgram> program)
    {
        var line = new ServeCommandLine(command, port);
        command.SetAction(result => line.Run(result, program(result)));
        return command;
    }

    private static Option<int?> Bytes()
    {
        var option = new Option<int?>("--buffer")
        {
            Description = $"How much one receive takes; a longer datagram is cut off there [default: {ServeOptions.StreamBufferBytes} for streams, {ServeOptions.DatagramBufferBytes} for datagrams]",
            HelpName = "BYTES",
        };
        option.Validators.Add(static result =>
        {
            // System.CommandLine itself refuses what is not a number.
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out int bytes)
                && bytes is < 1 or > ServeOptions.BufferBytesMax)
            {
                result.AddError($"--buffer {result.Tokens[0].Value}: from 1 to {ServeOptions.BufferBytesMax}");
            }
        });
        return option;
    }

    private IEnumerable<SocketUri> Defaults() => new[] { IPAddress.IPv6Loopback, IPAddress.Loopback }
        .Select(address => SocketUri.FromEndPoint(new IPEndPoint(address, _port)));

    private SocketUri[]? ParseMany(ArgumentResult result)
    {
        var endpoints = new List<SocketUri>();
        foreach (Token token in result.Tokens)
        {
            SocketUri? endpoint = OptionTypes.ParseEndpoint(
                token.Value, new SocketUriDefaults("tcp", _port), "what is served is a stream of bytes or datagrams", Types, out string problem);
            if (endpoint?.EndPoint is PacketEndPoint or CanEndPoint)
            {
                // Every packet on the machine would be answered, including the answers.
                problem = $"{endpoint.Scheme} has everybody's traffic; what is served is asked for: tcp://[::1]:{_port}";
                endpoint = null;
            }

            if (endpoint is null)
            {
                result.AddError($"ENDPOINT: {problem}");
                return null;
            }

            endpoints.Add(endpoint);
        }

        return [.. endpoints];
    }

    private int Run(ParseResult result, ServedProgram program)
    {
        using Report report = _common.Open(result);

        // Before anything else: with fewer, the runtime fails in ways that explain nothing.
        if (Descriptors.Limit() < Descriptors.Least)
        {
            return report.Fail(Descriptors.TooFew);
        }

        var options = new ServeOptions
        {
            MaxConnections = result.GetValue(_connections),
            BufferBytes = result.GetValue(_buffer),
            Idle = result.GetValue(_idle),
            Drain = result.GetValue(_drain) ?? new ServeOptions().Drain,
            Threads = result.GetValue(_threads),
        };
        return RunOnLoop(program, options, result.GetValue(_endpoints) ?? [], report);
    }

    // Not inlined: to compile it takes more files than there may be.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int RunOnLoop(ServedProgram program, ServeOptions options, SocketUri[] endpoints, Report report)
    {
        using var loop = new EventLoop();
        return loop.Run(() => ServeAsync(program, options, endpoints, report));
    }

    private async Task<int> ServeAsync(ServedProgram program, ServeOptions options, SocketUri[] endpoints, Report report)
    {
        Descriptors.LoadAssemblies();
        int limit = Descriptors.Limit();
        int most = Descriptors.Fit(options.MaxConnections, limit, Descriptors.Open() + Math.Max(endpoints.Length, 2), options.Threads ? ServeOptions.DescriptorsOfThread : 1);
        if (most == 0)
        {
            return report.Fail(Descriptors.TooFew);
        }

        if (most < options.MaxConnections)
        {
            options = options with { MaxConnections = most };
            report.Warn(Descriptors.Fewer(limit, most));
        }

        using var signals = new StopSignals();
        using var server = new ProgramServer(program, options, report, TimeProvider.System);
        try
        {
            if (endpoints.Length == 0)
            {
                await server.OpenAsync(Defaults(), signals.Stop);
            }

            foreach (SocketUri endpoint in endpoints)
            {
                await server.OpenAsync(endpoint, signals.Stop);
            }
        }
        catch (SocketException e)
        {
            return report.Fail(e);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }

        bool isTold = Listening.TryTell(report, server.Bound);
        if ((isTold || !program.NeedsOutput) && await server.RunAsync(signals.Stop))
        {
            return ExitCode.Ok;
        }

        return StandardStreams.IsReaderGone(report.WriteFailure)
            ? ExitCode.ReaderGone
            : report.Fail("cannot print what comes: standard output is full or closed");
    }
}
