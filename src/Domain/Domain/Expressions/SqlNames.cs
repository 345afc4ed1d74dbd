using System.Security.Cryptography;
using System.Text;

namespace Lambda.Domain.Expressions;

/// <summary>
/// Names for sub-expressions, so that text stays linear in the expression's size however often a part is used. While SQL is put together a named part
/// stands as a mark; rendering writes a part that is used once in its place, and others as `(… AS x_hash_1)` at their first use and `x_hash_1` later.
/// The hash is of the whole text rendered: a query may hold many emitted texts, the same one several times too, and no name ever means two things.
/// (ClickHouse compares aliases as written, so a name for the part alone would clash where its own parts are defined in it here and elsewhere there.)
/// </summary>
internal sealed class SqlNames
{
    private const char MarkBegin = '\u0001', MarkEnd = '\u0002'; // literals have these escaped
    private const int ShortEnough = 40; // about the length of two names

    private readonly Dictionary<string, int> _marks = [];
    private readonly List<string> _parts = [];

    /// <summary>The text itself if it is short, else a mark for it.</summary>
    public string Let(string text)
    {
        if (text.Length <= ShortEnough) return text;
        if (!_marks.TryGetValue(text, out var id))
        {
            _marks[text] = id = _parts.Count;
            _parts.Add(text);
        }
        return $"{MarkBegin}{id}{MarkEnd}";
    }

    public string Render(string text)
    {
        var uses = new int[_parts.Count];
        CountUses(text, uses);
        var names = new string?[_parts.Count];
        var prefix = $"x_{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', [.. _parts, text]))).AsSpan(0, 8))}_";
        return Render(text, uses, names, prefix);
    }

    private string Render(string text, int[] uses, string?[] names, string prefix) => Expand(text, part =>
    {
        if (uses[part] == 1) return Render(_parts[part], uses, names, prefix);
        if (names[part] is { } known) return known;
        var name = names[part] = $"{prefix}{part}";
        return $"({Render(_parts[part], uses, names, prefix)} AS {name})";
    });

    private void CountUses(string text, int[] uses) => Expand(text, part =>
    {
        if (uses[part]++ == 0) CountUses(_parts[part], uses);
        return "";
    });

    private static string Expand(string text, Func<int, string> replace)
    {
        var begin = text.IndexOf(MarkBegin);
        if (begin < 0) return text;
        var result = new StringBuilder();
        var done = 0;
        for (; begin >= 0; begin = text.IndexOf(MarkBegin, done))
        {
            var end = text.IndexOf(MarkEnd, begin);
            result.Append(text, done, begin - done).Append(replace(int.Parse(text.AsSpan(begin + 1, end - begin - 1))));
            done = end + 1;
        }
        return result.Append(text, done, text.Length - done).ToString();
    }
}
