namespace Lambda.Domain.Expressions;

/// <summary>"Did you mean": the nearest known word, if it is near enough to be a slip.</summary>
public static class Suggestion
{
    /// <summary>Such as " (did you mean `spend`?)", or empty.</summary>
    public static string For(string found, IEnumerable<string> known)
    {
        var lower = found.ToLowerInvariant();
        var best = known.Select(k => (Word: k, Distance: Nearness(lower, k.ToLowerInvariant()))).OrderBy(k => k.Distance).ThenBy(k => k.Word, StringComparer.Ordinal).FirstOrDefault();
        return best.Word is not null && best.Distance <= Math.Max(1, found.Length / 3) ? $" (did you mean `{best.Word}`?)" : "";
    }

    /// <summary>Edits between two words; the begin of a longer word is near it.</summary>
    private static int Nearness(string found, string known) => found.Length >= 4 && known.StartsWith(found, StringComparison.Ordinal) ? 1 : Distance(found, known);

    /// <summary>Edits (insert, delete, replace, swap neighbours) between two words.</summary>
    private static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) rows[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) rows[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var replace = rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                rows[i, j] = Math.Min(replace, Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
            }
        }
        return rows[a.Length, b.Length];
    }
}
