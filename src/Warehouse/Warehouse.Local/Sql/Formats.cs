namespace Lambda.Warehouse.Local.Sql;

/// <summary>How the chunks of a streamed result make up one document.</summary>
internal enum Chunking
{
    /// <summary>They do not: the engine must hold the whole result.</summary>
    None,
    /// <summary>By being joined.</summary>
    Joined,
    /// <summary>Each begins with so many lines of header, of which only the first chunk's stays.</summary>
    OneHeaderLine,
    TwoHeaderLines,
    /// <summary>The same for CSV, whose names may hold line breaks in quotes.</summary>
    OneCsvLine,
    TwoCsvLines,
    /// <summary>RowBinaryWithNames, …AndTypes: a count, then so many strings, once or twice.</summary>
    BinaryNames,
    BinaryNamesAndTypes,
}

internal readonly record struct OutputFormat(string Name, string ContentType, Chunking Chunking);

/// <summary>ClickHouse's output formats: the name as the engine writes it, the content type as the server sends it.</summary>
internal static class Formats
{
    internal const string Default = "TabSeparated";
    internal const string PlainText = "text/plain; charset=UTF-8";

    private const string Tsv = "text/tab-separated-values; charset=UTF-8";
    private const string Json = "application/json; charset=UTF-8";
    private const string NdJson = "application/x-ndjson; charset=UTF-8";
    private const string Csv = "text/csv; charset=UTF-8; header=absent";
    private const string CsvHeader = "text/csv; charset=UTF-8; header=present";
    private const string Binary = "application/octet-stream";

    private static readonly Dictionary<string, OutputFormat> Known = Build();

    /// <summary>Formats not listed are held whole and sent as plain text, the server's default.</summary>
    internal static OutputFormat Find(string name) =>
        Known.TryGetValue(name, out var format) ? format : new OutputFormat(name, PlainText, Chunking.None);

    private static Dictionary<string, OutputFormat> Build()
    {
        var known = new Dictionary<string, OutputFormat>(StringComparer.OrdinalIgnoreCase);
        void Add(string name, string type, Chunking chunking, params string[] aliases)
        {
            foreach (var alias in aliases.Prepend(name))
                known[alias] = new OutputFormat(name, type, chunking);
        }

        Add("TabSeparated", Tsv, Chunking.Joined, "TSV");
        Add("TabSeparatedRaw", Tsv, Chunking.Joined, "TSVRaw", "Raw");
        Add("TabSeparatedWithNames", Tsv, Chunking.OneHeaderLine, "TSVWithNames");
        Add("TabSeparatedWithNamesAndTypes", Tsv, Chunking.TwoHeaderLines, "TSVWithNamesAndTypes");
        Add("CSV", Csv, Chunking.Joined);
        Add("CSVWithNames", CsvHeader, Chunking.OneCsvLine);
        Add("CSVWithNamesAndTypes", CsvHeader, Chunking.TwoCsvLines);
        Add("JSONEachRow", NdJson, Chunking.Joined, "JSONLines", "NDJSON");
        Add("JSONStringsEachRow", NdJson, Chunking.Joined);
        foreach (var compact in new[] { "JSONCompactEachRow", "JSONCompactStringsEachRow" })
        {
            Add(compact, Json, Chunking.Joined);
            Add(compact + "WithNames", Json, Chunking.OneHeaderLine);
            Add(compact + "WithNamesAndTypes", Json, Chunking.TwoHeaderLines);
        }
        foreach (var json in new[] { "JSON", "JSONCompact", "JSONStrings", "JSONCompactStrings", "JSONColumns", "JSONCompactColumns",
                     "JSONColumnsWithMetadata", "JSONObjectEachRow", "JSONEachRowWithProgress", "JSONStringsEachRowWithProgress" })
            Add(json, Json, Chunking.None);
        Add("Native", Binary, Chunking.Joined);
        Add("RowBinary", Binary, Chunking.Joined);
        Add("RowBinaryWithNames", Binary, Chunking.BinaryNames);
        Add("RowBinaryWithNamesAndTypes", Binary, Chunking.BinaryNamesAndTypes);
        foreach (var binary in new[] { "Parquet", "Arrow", "ArrowStream", "ORC", "Avro", "MsgPack", "BSONEachRow", "Protobuf", "Npy" })
            Add(binary, Binary, Chunking.None);
        Add("TSKV", PlainText, Chunking.Joined);
        Add("XML", "application/xml; charset=UTF-8", Chunking.None);
        Add("Prometheus", "text/plain; version=0.0.4; charset=UTF-8", Chunking.None);
        return known;
    }
}
