using Lambda.Warehouse.Local.Engine;
using Lambda.Warehouse.Local.Sql;

namespace Lambda.Warehouse.Local.Http;

/// <summary>Runs one statement on a connection, on that connection's thread.</summary>
internal sealed class StatementRunner(QueryRequest request, RequestText text, ResponseBody body, CancellationToken aborted)
{
    private Progress _progress;

    internal Progress Progress => _progress;

    /// <summary>Ends the text of every cancellable statement, so that it can be found among the running ones.</summary>
    internal string Marker { get; } = $"/*{Guid.NewGuid():N}*/";

    /// <returns>Nothing of use; the type is the pool's.</returns>
    internal bool Run(ConnectionScope scope)
    {
        aborted.ThrowIfCancellationRequested();
        try
        {
            Dispatch(scope);
            return true;
        }
        catch
        {
            // The engine keeps what a failed statement has put out and prepends it to the next one's answer.
            scope.MarkDirty();
            throw;
        }
    }

    private void Dispatch(ConnectionScope scope)
    {
        switch (text.Statement.Kind)
        {
            case StatementKind.InsertData: Insert(scope.Connection); break;
            case StatementKind.Select when FindStreamable() is { } format: Stream(scope, format); break;
            default: Whole(scope); break;
        }
    }

    private string FormatName => text.Statement.Format ?? request.DefaultFormat ?? Formats.Default;

    private OutputFormat? FindStreamable()
    {
        var format = Formats.Find(FormatName);
        return format.Chunking == Chunking.None || text.Statement.NeedsWhole || request.HasSetting("extremes")
            || request.HasSetting("output_format_json_array_of_rows") ? null : format;
    }

    private void Stream(ConnectionScope scope, OutputFormat format)
    {
        body.Format = format;
        ResultStream stream;
        try
        {
            stream = ResultStream.Open(scope.Connection, Marked(), FormatName, request.Parameters);
        }
        catch (QueryError error) when (error.Code == 36
                                       && error.Message.Contains("Streaming query is not supported", StringComparison.Ordinal))
        {
            Whole(scope); // refused before anything ran
            return;
        }
        using (stream)
        {
            var joiner = new ChunkJoiner(format.Chunking);
            while (stream.Next() is { } chunk)
                using (chunk)
                {
                    _progress.Add(chunk);
                    body.Write(chunk.Memory[joiner.HeaderLength(chunk.Bytes)..]);
                    aborted.ThrowIfCancellationRequested();
                }
        }
    }

    private void Whole(ConnectionScope scope)
    {
        var sql = text.Statement.Kind == StatementKind.Select ? Marked() : text.Sql;
        Admit(scope, sql);
        using var result = scope.Connection.Query(sql, FormatName, request.Parameters);
        _progress.Add(result);
        if (result.Length > 0)
            body.Format = Formats.Find(FormatName);
        body.Write(result.Memory);
    }

    private void Insert(Connection connection)
    {
        if (request.IsGet)
            throw GetIsReadOnly();
        using var insert = InsertStream.Open(connection, text.Sql, text.Statement.Format!, request.Parameters);
        for (var chunk = text.NextChunk(); !chunk.IsEmpty; chunk = text.NextChunk())
            if (!insert.Append(chunk))
                break; // Commit says why
        aborted.ThrowIfCancellationRequested();
        using var result = insert.Commit();
        _progress.Add(result);
    }

    /// <summary>What our own scanner took for one statement must be one for the engine too: this way runs several.</summary>
    private void Admit(ConnectionScope scope, ReadOnlySpan<byte> sql)
    {
        var (count, kind) = scope.Connection.Classify(sql);
        if (count > 1 && !HasParallel(sql)) // the arms of PARALLEL WITH are counted too
            throw Statement.MultiStatement(sql.Length);
        if (request.IsGet && kind is (QueryClass.Mutating or QueryClass.MutatingGlobal))
            throw GetIsReadOnly();
        if (kind is QueryClass.Control or QueryClass.Unknown)
            scope.MarkChanged();
    }

    private static bool HasParallel(ReadOnlySpan<byte> sql)
    {
        var scanner = new SqlScanner(sql);
        for (var token = scanner.Next(); token.Kind != TokenKind.End; token = scanner.Next())
            if (scanner.Is(token, "PARALLEL"u8))
                return true;
        return false;
    }

    private byte[] Marked() => [.. text.Sql, (byte)' ', .. System.Text.Encoding.ASCII.GetBytes(Marker)];

    private static QueryError GetIsReadOnly() => QueryError.Of(164, "READONLY",
        "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. "
        + "You should use method POST for modifying queries.");
}
