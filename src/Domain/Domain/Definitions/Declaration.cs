using System.Text.RegularExpressions;

namespace Lambda.Domain.Definitions;

/// <summary>Where and how a definition's text declares a name.</summary>
/// <param name="Line">1-based.</param>
/// <param name="Text">The lines of the declaration, as they stand.</param>
public sealed record Declaration(int Line, string Text)
{
    /// <summary>Null when the text writes it in a way that is not seen here (names in quotes, a mapping in one line).</summary>
    public static Declaration? Find(string definition, string name)
    {
        var lines = definition.ReplaceLineEndings("\n").Split('\n');
        var begin = Array.FindIndex(lines, l => Regex.IsMatch(l, $@"^\s+{Regex.Escape(name)}\s*:", RegexOptions.CultureInvariant));
        if (begin < 0) return null;
        var indent = Indent(lines[begin]);
        var end = begin + 1;
        while (end < lines.Length && lines[end].Trim().Length > 0 && Indent(lines[end]) > indent) end++;
        return new Declaration(begin + 1, string.Join('\n', lines[begin..end].Select(l => l[Math.Min(indent, l.Length)..])));
    }

    private static int Indent(string line) => line.Length - line.TrimStart().Length;
}
