using System.Text;
using CsvHelper;

namespace Lambda.SpeedLayer.Import;

/// <param name="Line">1-based line of the file where it begins.</param>
public readonly record struct Row(long Line, string Raw, IReadOnlyList<string> Fields);

/// <summary>Rows of a delimited file, blank lines left out, header and comments included in the count of lines.</summary>
public static class RowReader
{
    /// <summary>An unclosed quote must not swallow the rest of a large file.</summary>
    private const int RecordBytesMax = 1 << 20;

    private static readonly char[]? WhiteSpace = null; // what string.Split takes for runs of any white space

    /// <summary>Rows after the skipped lines. The first is the header when the file has one.</summary>
    public static IEnumerable<Row> Read(TextReader text, FileShape shape)
    {
        for (var i = 0; i < shape.SkipLines; i++)
            if (text.ReadLine() is null) yield break;
        var rows = shape.Delimiter is null ? ByWhiteSpace(text, shape) : ByDelimiter(text, shape);
        foreach (var row in rows) yield return row with { Line = row.Line + shape.SkipLines };
    }

    private static IEnumerable<Row> ByWhiteSpace(TextReader text, FileShape shape)
    {
        long line = 0;
        while (text.ReadLine() is { } raw)
        {
            line++;
            if (string.IsNullOrWhiteSpace(raw) || (shape.Comment is { } comment && raw[0] == comment)) continue;
            yield return new Row(line, raw, raw.Split(WhiteSpace, StringSplitOptions.RemoveEmptyEntries));
        }
    }

    private static IEnumerable<Row> ByDelimiter(TextReader text, FileShape shape)
    {
        using var reader = CsvReader.Create(text, new CsvReaderOptions
        {
            Separator = shape.Delimiter,
            Mode = shape.Quoted ? CsvMode.Rfc4180 : CsvMode.NoEscape,
            CommentPrefix = shape.Comment,
            HasHeader = false,
            TrackLineNumbers = true,
            MalformedData = CsvMalformedDataHandling.Recover, // a stray quote: the row is read as it stands, and refused later if that makes no sense
            MaxRecordSize = RecordBytesMax,
        }, leaveOpen: true);
        while (reader.Read()) yield return new Row(reader.LineNumber, Encoding.UTF8.GetString(reader.RawRecord), reader.Current.ToArray());
    }
}
