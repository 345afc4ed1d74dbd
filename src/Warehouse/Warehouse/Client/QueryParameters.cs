using System.Collections;
using System.Globalization;
using System.Text;

namespace Lambda.Warehouse.Client;

/// <summary>
/// Values for `{name:Type}` places in a statement, sent beside it (`param_name`), so that no value ever becomes SQL. Written as ClickHouse's
/// escaped TSV text.
/// </summary>
public sealed class QueryParameters : IEnumerable<KeyValuePair<string, string>>
{
    private readonly List<KeyValuePair<string, string>> _values = [];

    public void Add(string name, long value) => Put(name, value.ToString(CultureInfo.InvariantCulture));

    public void Add(string name, ulong value) => Put(name, value.ToString(CultureInfo.InvariantCulture));

    public void Add(string name, Int128 value) => Put(name, value.ToString(CultureInfo.InvariantCulture));

    /// <summary>A null needs a Nullable type in the statement.</summary>
    public void Add(string name, string? value) => Put(name, value is null ? @"\N" : Escape(value));

    public void Add(string name, ReadOnlySpan<byte> utf8) => Put(name, Escape(Encoding.UTF8.GetString(utf8)));

    public void Add(string name, IEnumerable<long> values) => Put(name, $"[{string.Join(',', values)}]");

    /// <summary>An Array(String): each element quoted; the array as a whole is not escaped once more.</summary>
    public void Add(string name, IEnumerable<string> values) => Put(name, $"[{string.Join(',', values.Select(v => $"'{Escape(v)}'"))}]");

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => _values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private void Put(string name, string text) => _values.Add(new("param_" + name, text));

    internal static string Escape(string text)
    {
        if (text.AsSpan().IndexOfAny(Escaped) < 0) return text;
        var to = new StringBuilder(text.Length + 8);
        foreach (var c in text)
        {
            var at = Escaped.IndexOf(c);
            if (at < 0) to.Append(c);
            else to.Append('\\').Append(Letters[at]);
        }
        return to.ToString();
    }

    private const string Escaped = "\\\t\n\r\0\b\f'";
    private const string Letters = "\\tnr0bf'";
}
