using System.Globalization;
using System.Text;

namespace Lambda.SpeedLayer.Import;

/// <summary>Text with places to fill: `{column}`, `{line}`, `{file_hash}`, `{file_name}`; `{{` and `}}` stand for braces.</summary>
public sealed class Template
{
    public const string Line = "line", FileHash = "file_hash", FileName = "file_name";

    private readonly IReadOnlyList<(string Text, bool IsPlace)> _parts;

    private Template(IReadOnlyList<(string, bool)> parts) => _parts = parts;

    /// <summary>The columns it needs.</summary>
    public IEnumerable<string> Columns => _parts.Where(p => p.IsPlace && p.Text is not (Line or FileHash or FileName)).Select(p => p.Text);

    public static Template OfColumn(string column) => new([(column, true)]);

    /// <exception cref="FormatException">A brace has no partner.</exception>
    public static Template Parse(string text)
    {
        var parts = new List<(string, bool)>();
        var literal = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is '{' or '}' && i + 1 < text.Length && text[i + 1] == c)
            {
                literal.Append(c);
                i++;
            }
            else if (c == '{')
            {
                var end = text.IndexOf('}', i);
                if (end <= i + 1) throw new FormatException($"`{{` without a name and `}}` in `{text}`");
                if (literal.Length > 0) parts.Add((literal.ToString(), false));
                literal.Clear();
                parts.Add((text[(i + 1)..end], true));
                i = end;
            }
            else if (c == '}') throw new FormatException($"`}}` without `{{` in `{text}`");
            else literal.Append(c);
        }
        if (literal.Length > 0 || parts.Count == 0) parts.Add((literal.ToString(), false));
        return new Template(parts);
    }

    public string Fill(RowContext row)
    {
        if (_parts.Count == 1) return Fill(_parts[0], row);
        var text = new StringBuilder();
        foreach (var part in _parts) text.Append(Fill(part, row));
        return text.ToString();
    }

    private static string Fill((string Text, bool IsPlace) part, RowContext row) => !part.IsPlace ? part.Text : part.Text switch
    {
        Line => row.Line.ToString(CultureInfo.InvariantCulture),
        FileHash => row.FileHash,
        FileName => row.FileName,
        _ => row.Column(part.Text),
    };
}

/// <summary>A row with the names of its columns, and the file it stands in.</summary>
public sealed class RowContext(string fileName, string fileHash, IReadOnlyList<string> columns)
{
    private readonly Dictionary<string, int> _index = columns.Select((name, i) => (name, i)).ToDictionary(c => c.name, c => c.i);
    private IReadOnlyList<string> _fields = [];

    public string FileName { get; } = fileName;
    public string FileHash { get; } = fileHash;
    public IReadOnlyList<string> Columns { get; } = columns;
    public long Line { get; private set; }

    public bool Has(string column) => _index.ContainsKey(column);

    public string Column(string name) => _fields[_index[name]];

    /// <exception cref="BadRowException">Another number of columns than the file has.</exception>
    public void Set(Row row)
    {
        Line = row.Line;
        if (row.Fields.Count != Columns.Count) throw new BadRowException("", $"found {row.Fields.Count} columns, expected {Columns.Count} ({string.Join(", ", Columns)})");
        if (row.Raw.Contains('\uFFFD')) throw new BadRowException("", "bytes that are not of the file's encoding; name it with `encoding:`");
        _fields = row.Fields;
    }
}
