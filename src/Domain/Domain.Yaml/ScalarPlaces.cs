using YamlDotNet.Core;

namespace Lambda.Domain.Yaml;

/// <summary>
/// Where each character of a scalar's value stands in the file. All YAML styles keep the characters that are not white space in order, and add only white
/// space, doubled quotes and escapes: so the value is walked along the source.
/// </summary>
internal static class ScalarPlaces
{
    /// <returns>An offset in <paramref name="source"/> for every character of the value, and one behind the last.</returns>
    public static int[] Of(string source, int start, string value, ScalarStyle style)
    {
        var places = new int[value.Length + 1];
        var at = Begin(source, start, style);
        for (var i = 0; i < value.Length; i++)
        {
            if (!char.IsWhiteSpace(value[i])) at = SkipSpace(source, at, style);
            places[i] = Math.Min(at, source.Length);
            at += LengthOf(source, at, value[i], style);
            if (char.IsHighSurrogate(value[i]) && i + 1 < value.Length && at > places[i] + 1) places[++i] = places[i - 1]; // one escape made both halves
        }
        places[^1] = Math.Min(at, source.Length);
        return places;
    }

    private static int Begin(string source, int start, ScalarStyle style)
    {
        if (style is ScalarStyle.SingleQuoted or ScalarStyle.DoubleQuoted) return start + 1;
        if (style is not (ScalarStyle.Literal or ScalarStyle.Folded)) return start;
        var header = source.IndexOf('\n', start);
        return header < 0 ? source.Length : header + 1;
    }

    private static int SkipSpace(string source, int at, ScalarStyle style)
    {
        while (at < source.Length)
        {
            if (char.IsWhiteSpace(source[at])) at++;
            else if (style == ScalarStyle.DoubleQuoted && source[at] == '\\' && at + 1 < source.Length && source[at + 1] is '\n' or '\r') at += 2; // a line continued
            else break;
        }
        return at;
    }

    /// <summary>Source characters that stand for one of the value.</summary>
    private static int LengthOf(string source, int at, char value, ScalarStyle style)
    {
        if (at >= source.Length) return 0;
        if (style == ScalarStyle.SingleQuoted && value == '\'') return 2;
        if (style == ScalarStyle.DoubleQuoted && source[at] == '\\' && at + 1 < source.Length)
            return source[at + 1] switch { 'x' => 4, 'u' => 6, 'U' => 10, _ => 2 };
        return char.IsWhiteSpace(value) && !char.IsWhiteSpace(source[at]) ? 0 : 1; // a folded line's space has no character of its own left
    }
}
