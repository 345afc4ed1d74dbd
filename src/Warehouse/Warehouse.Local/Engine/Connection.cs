using System.Text;
using Lambda.Warehouse.Local.Native;

namespace Lambda.Warehouse.Local.Engine;

/// <summary>What a statement does to what outlives it, as the engine's own parser sees it.</summary>
internal enum QueryClass { ReadOnly = 0, Mutating = 1, MutatingGlobal = 2, Control = 3, Unknown = 4 }

/// <summary>
/// One connection of libchdb: a session of its own (settings, current database, temporary tables) that runs one statement at a time.
/// Not thread-safe; <see cref="ConnectionThread"/> keeps it to one thread.
/// </summary>
internal sealed unsafe class Connection : IDisposable
{
    private nint* _connection;

    private Connection(nint* connection) => _connection = connection;

    internal string Database { get; private set; } = "default";

    internal nint Handle => *_connection;

    /// <summary>Connects to the data path; the first connection of the process starts the engine (80–280 ms), others take 0.4 ms.</summary>
    /// <exception cref="InvalidOperationException">The engine refused (it has said why on stderr).</exception>
    internal static Connection Open(IReadOnlyList<string> arguments)
    {
        var connection = (nint)SignalGuard.Around(() =>
        {
            using var text = new NativeParameters([.. arguments.Select(static a => new QueryParameter("", a + '\0'))]);
            return (nint)LibChdb.Connect((int)text.Count, text.Values);
        });
        return connection != 0
            ? new Connection((nint*)connection)
            : throw new InvalidOperationException($"libchdb could not open {string.Join(' ', arguments.Skip(1))}");
    }

    /// <summary>Runs a statement to its end and holds the whole answer.</summary>
    internal ResultChunk Query(ReadOnlySpan<byte> sql, string format, IReadOnlyList<QueryParameter> parameters)
    {
        using var native = new NativeParameters(parameters);
        var formatBytes = Encoding.UTF8.GetBytes(format);
        fixed (byte* text = sql, name = formatBytes)
            return ResultChunk.Take(LibChdb.Query(Handle, text, (nuint)sql.Length, name, (nuint)formatBytes.Length,
                native.Names, native.NameLengths, native.Values, native.ValueLengths, native.Count));
    }

    /// <summary>Runs a short statement of our own; its first cell, or an empty text.</summary>
    internal string Scalar(string sql)
    {
        using var result = Query(Encoding.UTF8.GetBytes(sql), "TSVRaw", []);
        return Encoding.UTF8.GetString(result.Bytes).TrimEnd('\n');
    }

    internal void Use(string database)
    {
        if (database == Database)
            return;
        Scalar($"USE {SqlText.Identifier(database)}");
        Database = database;
    }

    /// <summary>The current database, after a statement that may have changed it.</summary>
    internal string ReadDatabase() => Database = Scalar("SELECT currentDatabase()");

    /// <summary>How many statements the text holds, and their class. Runs nothing.</summary>
    internal (int Count, QueryClass Class) Classify(ReadOnlySpan<byte> sql)
    {
        var analysis = new LibChdb.Analysis { StructSize = (uint)sizeof(LibChdb.Analysis) };
        fixed (byte* text = sql)
            _ = LibChdb.Classify(Handle, text, (nuint)sql.Length, null, 0, &analysis);
        return ((int)analysis.StatementCount, (QueryClass)analysis.QueryClass);
    }

    public void Dispose()
    {
        if (_connection == null)
            return;
        LibChdb.Close(_connection);
        _connection = null;
    }
}
