using Lambda.SpeedLayer.Ports;

namespace Lambda.SpeedLayer.Sqlite.Raw;

/// <summary>
/// Opens a database of one kind: WAL, every commit fsynced, schema brought up to date. A file of another kind, of a newer Lambda, or none at all
/// is refused and never touched.
/// </summary>
/// <param name="Kind">For messages: `event log`.</param>
/// <param name="ApplicationId">Marks the file as ours (PRAGMA application_id). A storage format.</param>
/// <param name="Migrations">Step i leads from user_version i to i+1. A storage format: append only.</param>
/// <param name="Advice">What to do with a damaged or foreign file.</param>
internal sealed record SchemaFile(string Kind, int ApplicationId, int PageBytes, string Advice, params string[] Migrations)
{
    /// <summary>New files can give free pages back, by `PRAGMA incremental_vacuum`. One that was made otherwise stays so: only a VACUUM could change it.</summary>
    public bool Shrinks { get; init; }

    public Database Open(string path, string pragmas = "")
    {
        RefuseOtherContent(path);
        Database? database = null;
        try
        {
            database = Database.Open(path);
            // page_size and auto_vacuum work only before anything is written; on an old file they do nothing.
            database.Execute($"PRAGMA page_size={PageBytes}; {(Shrinks ? "PRAGMA auto_vacuum=INCREMENTAL; " : "")}PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA cell_size_check=1; {pragmas}");
            Migrate(database);
            return database;
        }
        catch (SqliteFault fault)
        {
            database?.Dispose();
            if (!fault.IsCorrupt) throw new StorageException(path, $"cannot open this {Kind}: {fault.Cause}", fault);
            throw new StorageException(path, $"this {Kind} is damaged: {fault.Cause}. {Advice}", fault);
        }
        catch
        {
            database?.Dispose();
            throw;
        }
    }

    /// <summary>Another connection on a file that was opened before: reads only.</summary>
    public static Database OpenReader(string path, string pragmas = "")
    {
        var reader = Database.Open(path);
        try
        {
            reader.Execute($"PRAGMA query_only=1; PRAGMA cell_size_check=1; {pragmas}");
            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    private void RefuseOtherContent(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            Span<byte> magic = stackalloc byte[16];
            var read = file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
            if (read != 0 && !magic[..read].SequenceEqual("SQLite format 3\0"u8))
                throw new StorageException(path, $"is not a Lambda {Kind} (no SQLite file). {Advice}");
        }
        catch (FileNotFoundException)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(path, $"cannot open this {Kind}: {e.Message}", e);
        }
    }

    private void Migrate(Database database)
    {
        var version = (int)database.Scalar("PRAGMA user_version");
        var application = (int)database.Scalar("PRAGMA application_id");
        var empty = database.Scalar("SELECT count(*) FROM sqlite_master") == 0;
        if (application != ApplicationId && !(empty && application == 0 && version == 0))
            throw new StorageException(database.Path, $"is not a Lambda {Kind} but another SQLite database. {Advice}");
        if (version > Migrations.Length)
            throw new StorageException(database.Path, $"this {Kind} has format {version}, this Lambda knows up to {Migrations.Length}: start the newer Lambda that wrote it.");
        if (version == Migrations.Length) return;
        database.Transaction(() =>
        {
            for (; version < Migrations.Length; version++) database.Execute(Migrations[version]);
            database.Execute($"PRAGMA application_id={ApplicationId}; PRAGMA user_version={version}");
        });
    }
}
