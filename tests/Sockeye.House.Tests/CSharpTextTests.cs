namespace Sockeye.House.Tests;

/// <summary>The guards are only as good as their reader.</summary>
public class CSharpTextTests
{
    [Theory]
    [InlineData("a // b", "a")]
    [InlineData("a /* b\n c */ d", "a\n d")]
    [InlineData("f(\"b // c\") + g", "f( ) + g")]
    [InlineData("f('\"') + g", "f( ) + g")]
    [InlineData("f('\\'') + g", "f( ) + g")]
    [InlineData("f(@\"b\"\"c\\\") + g", "f( ) + g")]
    [InlineData("f($\"b {h(\"c\")} d\") + g", "f( h( ) ) + g")]
    [InlineData("f($\"{{b}} {h}\") + g", "f( h ) + g")]
    [InlineData("f(\"\"\"b \" c\"\"\") + g", "f( ) + g")]
    [InlineData("f($$\"\"\"{b} {{h}} c\"\"\") + g", "f( h ) + g")]
    [InlineData("f($\"{(x ? \"}\" : $\"{y}\")}\") + g", "f( (x ? : y ) ) + g")]
    [InlineData("@class.b", "@class.b")]
    public void Comments_and_literals_are_blanked_and_holes_are_kept(string text, string code)
    {
        string blanked = CSharpText.Blank(text);

        Assert.Equal(text.Length, blanked.Length);
        Assert.Equal(Squeeze(code), Squeeze(blanked));
    }

    private static string Squeeze(string text) => string.Concat(text.Where(c => c != ' '));
}
