#pragma warning disable // These types exist to be printed, not to be good.
namespace Sockeye.House.Tests.Samples;

public abstract class Shapes<T> : IDisposable where T : class, new()
{
    public const string Text = "a\"b";
    public static readonly int Number;
    private int _hidden;
    protected internal Shapes(T? first, params int[] rest) { }
    internal Shapes() { }
    public string? Name { get; protected set; }
    public required int Once { get; init; }
    protected abstract T this[int index] { get; }
    public event EventHandler? Rang;
    public virtual (int Count, string? Last) Pair(in Guid id, out List<string?> names, ref int more, DayOfWeek day = DayOfWeek.Friday, string? tail = null) { names = null!; return default; }
    public override string ToString() => "";
    public void Dispose() { }
    void IDisposable.Dispose() { }
    protected struct Inner { public int Value; }
    private sealed class Unseen;
    ~Shapes() { }
}

public class Thread { public System.Threading.Thread? Other() => null; public Thread? Own() => null; }

public readonly ref struct View { public ReadOnlySpan<byte> Bytes { get; } }

public static class Extra
{
    public static int Twice(this int number) => number * 2;
    public static T? Make<T>(T? seed) where T : unmanaged => seed;
    extension(int number) { public int Thrice => number * 3; }
}

public enum Kind : byte { None, Some = 4 }

public delegate bool Judge<in T>(T one, nint two = 3);

internal class Unseen;
