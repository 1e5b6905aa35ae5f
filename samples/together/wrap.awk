# Makes a method of a file program: the #: lines go, usings stay, the statements move into a class of their own.
# #line tells the compiler where each line came from. Awk, since every Linux has it and it starts in a millisecond.
#   awk -f wrap.awk -v name=tcp-time-server -v file=/path/of/the/sample.cs /path/of/the/sample.cs

BEGIN {
    class = ""
    words = split(name, word, "-")
    for (i = 1; i <= words; i++) {
        class = class toupper(substr(word[i], 1, 1)) substr(word[i], 2)
    }

    print "#line 1 \"" file "\""
}

!inside && /^#:/ { print ""; next }

# What is no comment, using or empty line is the program.
!inside && !/^(\/\/|using [A-Za-z.]+( = [A-Za-z.]+)?;$|$)/ {
    inside = 1
    print "namespace Samples;\n\ninternal static class " class "\n{"
    print "    internal static async Task<int> RunAsync(string[] args)\n    {"
    print "#line " NR " \"" file "\""
}

# Types come last in a file program. They become nested ones, so that two programs may have one of the same name.
inside && !types && /^((public|internal|abstract|sealed|static|partial|readonly|ref) )*(class|record|struct|interface|enum) / {
    types = 1
    finish()
    print "#line " NR " \"" file "\""
}

{ print inside && $0 != "" ? (types ? "    " : "        ") $0 : $0 }

END {
    if (!types) {
        finish()
    }

    print "\n#line hidden\n}"
}

# A program that ends without a word ends well.
function finish() {
    print "\n#line hidden\n#pragma warning disable CS0162\n        return 0;\n#pragma warning restore CS0162\n    }\n"
}
