using System.Diagnostics;
using System.Globalization;
using Sockeye.Chat.Domain;
using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Chat.Tests.Domain;

public sealed class UncomposedTests
{
    // Each line: n or p, and two numbers. All of it is bounded by the number of code points.
    private const string Script = """
        import unicodedata as u
        for c in range(0x110000):
            if 0xD800 <= c < 0xE000:
                continue
            if not u.is_normalized('NFC', chr(c)):
                print('n', c, 0)
                continue
            d = u.decomposition(chr(c)).split()
            if len(d) == 2 and d[0][0] != '<':
                print('p', int(d[0], 16), int(d[1], 16))
        for c in range(0x110000):
            if u.category(chr(c)) != 'Cn':
                print('a', c, 0)
        """;

    [Theory]
    [InlineData(0x340, true)]
    [InlineData(0x344, true)]
    [InlineData(0x1F71, true)]
    [InlineData(0x212B, true)]
    [InlineData(0xF900, true)]
    [InlineData(0xFA0D, true)]
    [InlineData(0x2FA1D, true)]
    [InlineData(0, false)]
    [InlineData('a', false)]
    [InlineData(0x33F, false)]
    [InlineData(0xC5, false)]
    [InlineData(0x8C48, false)]
    [InlineData(0xFA0E, false)]
    [InlineData(0x2FA1E, false)]
    [InlineData(0x10FFFF, false)]
    public void What_is_never_composed_is_found(int codePoint, bool expected) =>
        Assert.Equal(expected, Uncomposed.Contains(codePoint));

    [Fact]
    public void Both_tables_are_sorted()
    {
        int last = -1;
        foreach ((int first, int end) in Uncomposed.Ranges)
        {
            Assert.True(first > last + 1 && end >= first, $"U+{first:X4}");
            last = end;
        }

        (int, int)[] pairs = Uncomposed.Pairs.ToArray();
        Assert.Equal(pairs.Order(), pairs);
        Assert.Equal(pairs.Distinct(), pairs);
    }

    [Fact(Timeout = 60_000)]
    public async Task Both_tables_are_pythons()
    {
        using Process python = Programs.Start("/usr/bin/python3", "python3", "-c", Script);
        python.StandardInput.Close();
        var never = new HashSet<int>();
        var pairs = new HashSet<(int, int)>();
        var assigned = new HashSet<int>();
        while (await python.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            string[] fields = line.Split(' ');
            int first = int.Parse(fields[1], CultureInfo.InvariantCulture);
            int second = int.Parse(fields[2], CultureInfo.InvariantCulture);
            _ = fields[0] switch
            {
                "n" => never.Add(first),
                "p" => pairs.Add((first, second)),
                _ => assigned.Add(first),
            };
        }

        await python.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, python.ExitCode);
        Assert.True(never.Count > 1_000 && pairs.Count > 900, $"{never.Count} {pairs.Count}");
        Assert.DoesNotContain(Enumerable.Range(0, 0x110000).Where(assigned.Contains), c => Uncomposed.Contains(c) != never.Contains(c));

        // A pair is refused by the table, or one of the two is refused wherever it stands.
        foreach ((int before, int after) in pairs)
        {
            string text = char.ConvertFromUtf32(before) + char.ConvertFromUtf32(after);
            Assert.False(ChatName.TryParsePerson(text, 24, out _, out _), $"U+{before:X4} U+{after:X4}");
        }

        foreach ((int before, int after) in Uncomposed.Pairs)
        {
            Assert.True(!assigned.Contains(after) || !assigned.Contains(before) || pairs.Contains((before, after)), $"U+{before:X4} U+{after:X4}");
        }
    }
}
