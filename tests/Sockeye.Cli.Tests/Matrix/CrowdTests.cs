using Sockeye.Cli.Tests.Http;
using Sockeye.Cli.Tests.Samples;

namespace Sockeye.Cli.Tests.Matrix;

/// <summary>The crowd of the programs that are clients: all of them, in both forms and over each family, at one server at once.</summary>
public sealed class CrowdTests(ProgramTable table, ProgramHost host, HttpPeer web) : IClassFixture<ProgramHost>, IClassFixture<HttpPeer>
{
    private static readonly byte[] _them = [.. "them\n"u8];

    [Fact(Timeout = 120_000)]
    public async Task All_clients_meet_at_one_server_that_answers_nobody_before_all_are_there()
    {
        (TestedProgram Program, Form Form, Family Family)[] cells =
        [
            .. from cell in ProgramRows.Cells
               where ProgramRows.IsTogether(cell.Program, cell.What) && ProgramRows.WhyNot(cell.Program, cell.What, cell.Form) is null
               select (cell.Program, cell.Form, cell.Family),
        ];
        (TestedProgram Program, Family Family)[] places = [.. cells.Select(static cell => (cell.Program, cell.Family)).Distinct()];
        await host.Python.BeginAsync(
            "meeting",
            places.Select(place => new object[] { place.Program.Name, host.FreeEndpoint(place.Program.TakesDatagrams, place.Family), cells.Count(cell => (cell.Program, cell.Family) == place) }),
            $"{web.Folder}/local.pem");
        await host.Python.WaitForOutputAsync("all listen");
        string[] endpoints = [.. host.Python.Output.Split('\n').Where(static line => line.StartsWith("listening at ", StringComparison.Ordinal)).Select(static line => line["listening at ".Length..])];
        Assert.Equal(places.Length, endpoints.Length);

        foreach ((TestedProgram program, Form form, Family family) in cells)
        {
            table.Record(program.Name, ProgramRows.Crowd, form, family, passed: false);
        }

        Task<bool>[] runs = [.. cells.Select(cell => RunAsync(cell.Program, cell.Form, cell.Family, endpoints[Array.IndexOf(places, (cell.Program, cell.Family))]))];
        bool[] passed = await Task.WhenAll(runs);
        Assert.Equal(cells.Length, (await host.Python.EndedAsync()).GetInt32());
        foreach (((TestedProgram program, Form form, Family family), bool has) in cells.Zip(passed))
        {
            table.Record(program.Name, ProgramRows.Crowd, form, family, has);
        }

        Assert.All(passed, Assert.True);
    }

    private async Task<bool> RunAsync(TestedProgram program, Form form, Family family, string endpoint)
    {
        string scheme = program.Name == "get https" ? "https" : "http";
        string url = family == Family.Unix ? $"{scheme}://localhost/" : $"{scheme}{endpoint[endpoint.IndexOf(':')..]}/";
        using BinaryProcess client = program.Name switch
        {
            "connect (datagrams)" => ClientRows.StartDatagrams(program, form, endpoint, "2s"),   // many start at once, and none is quick
            "echo (datagrams)" => ClientRows.StartEcho(program, form, endpoint, "us"),
            "chat join" => ClientRows.StartJoin(program, form, endpoint, "us"),
            _ when program.IsGet => ClientRows.StartGet(program, form, url, $"{endpoint}?timeout=60s", scheme == "https" ? web.CaFile : null),
            _ => ClientRows.Start(program, form, endpoint),
        };

        // A client of datagrams knows no end: its input stays open until it has its answer.
        bool isTold = true;
        if (program.Name == "connect (datagrams)")
        {
            await client.WriteAsync("us\n");
            byte[] answer = await client.ReadAsync(_them.Length);
            isTold = _them.AsSpan().SequenceEqual(answer);
        }

        (int code, byte[] output, string errors) = await client.FinishAsync(program.Name == "connect (stream)" ? "us\n" : "");
        bool passed = isTold && code == 0 && (program.Name is not ("connect (stream)" or "get http" or "get https" or "chat join") || output.AsSpan().EndsWith(_them));
        Assert.True(passed, $"{program.Name}, {form}, {family}: {code}, {errors}");
        return passed;
    }
}
