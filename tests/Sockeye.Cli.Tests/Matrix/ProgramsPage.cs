using System.Text;
using Sockeye.Cli.Tests.Samples;

namespace Sockeye.Cli.Tests.Matrix;

/// <summary>The two tables, made from the rows.</summary>
internal static class ProgramsPage
{
    private const string Head = "tool IPv4 | tool IPv6 | tool UNIX | sample IPv4 | sample IPv6 | sample UNIX |\n|---|---|---|---|---|---|---|---|\n";

    /// <summary>Program × peer, by form and family.</summary>
    public static string PeerTable(Func<TestedProgram, string, Form, Family, string> cell) => Table("Peer", ProgramRows.Peers, cell);

    /// <summary>Program × bad input, by form and family.</summary>
    public static string BadInputTable(Func<TestedProgram, string, Form, Family, string> cell) => Table("Bad input", ProgramRows.BadInputs, cell);

    private static string Table(string what, string[] columns, Func<TestedProgram, string, Form, Family, string> cell)
    {
        var page = new StringBuilder($"| Program | {what} | {Head}");
        List<string> reasons = [];
        foreach (TestedProgram program in ProgramRows.All)
        {
            foreach (string one in columns)
            {
                if (!program.IsGet && one is ProgramRows.Curl or ProgramRows.WebServer)
                {
                    continue;   // they speak HTTP, to get alone
                }

                page.Append($"| {program.Name} | {one} |");
                foreach (Form form in (Form[])[Form.Tool, Form.Sample])
                {
                    string? reason = ProgramRows.WhyNot(program, one, form);
                    if (reason is not null && !reasons.Contains(reason))
                    {
                        reasons.Add(reason);
                    }

                    foreach (Family family in Enum.GetValues<Family>())
                    {
                        page.Append($" {(reason is null ? cell(program, one, form, family) : $"- [{reasons.IndexOf(reason) + 1}]")} |");
                    }
                }

                page.Append('\n');
            }
        }

        for (int i = 0; i < reasons.Count; i++)
        {
            page.Append($"{(i == 0 ? "\n" : "")}- [{i + 1}] {reasons[i]}\n");
        }

        return page.ToString();
    }
}
