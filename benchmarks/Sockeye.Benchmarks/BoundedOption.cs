using System.CommandLine;
using System.Globalization;
using System.Numerics;

namespace Sockeye.Benchmarks;

/// <summary>Options that are numbers within bounds.</summary>
internal static class BoundedOption
{
    internal static Option<T> Of<T>(string name, string description, T usual, T least, T most)
        where T : struct, INumber<T> => new(name)
        {
            Description = description,
            HelpName = "N",
            DefaultValueFactory = _ => usual,
            CustomParser = result =>
            {
                if (T.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out T value) && value >= least && value <= most)
                {
                    return value;
                }

                result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name}: from {least} to {most}"));
                return usual;
            },
        };
}
