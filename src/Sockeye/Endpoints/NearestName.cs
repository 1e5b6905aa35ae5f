namespace Sockeye;

/// <summary>What was meant by a name that is misspelt. The tool compiles this file too, for its commands and options.</summary>
internal static class NearestName
{
    /// <summary>The name that one slip away is the given one, or two behind the same first letter; null when none is.</summary>
    internal static string? Of(string given, IReadOnlyList<string> names)
    {
        const int SlipsMax = 2;
        const int CharsMax = 40;
        string? best = null;
        int least = Math.Min(SlipsMax, given.Length - 1) + 1;
        foreach (string name in names)
        {
            if (given.Length <= CharsMax && Distance(given.ToLowerInvariant(), name) is var slips && slips < least && (slips < SlipsMax || given[0] == name[0]))
            {
                (best, least) = (name, slips);
            }
        }

        return best;
    }

    // Levenshtein's distance, with two neighbours that changed places as one slip.
    private static int Distance(string a, string b)
    {
        int[,] slips = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    slips[i, j] = i + j;
                    continue;
                }

                int changed = slips[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                slips[i, j] = Math.Min(changed, Math.Min(slips[i - 1, j], slips[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    slips[i, j] = Math.Min(slips[i, j], slips[i - 2, j - 2] + 1);
                }
            }
        }

        return slips[a.Length, b.Length];
    }
}
