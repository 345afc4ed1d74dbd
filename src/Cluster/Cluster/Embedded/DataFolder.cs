using System.Globalization;
using System.Security.Cryptography;
using Lambda.BatchLayer.Sqlite;

namespace Lambda.Cluster.Embedded;

/// <summary>Where an embedded installation keeps what: one folder, one process at a time.</summary>
internal sealed class DataFolder : IDisposable
{
    private readonly FileStream _lock;

    /// <exception cref="DataFolderException">Another process uses it, or it cannot be written.</exception>
    public DataFolder(string path)
    {
        Root = Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(Root);
            Directory.CreateDirectory(Bases);
            Directory.CreateDirectory(Checkpoints);
            _lock = new FileStream(Path.Combine(Root, "lambda.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataFolderException($"data folder {Root} cannot be used: {e.Message} Is another Lambda running on it? Stop it or choose another folder with --data.", e);
        }
    }

    public string Root { get; }
    public string Log => Path.Combine(Root, "log.db");
    public string Checkpoints => Path.Combine(Root, "checkpoints");
    public string Quarantine => Path.Combine(Root, "quarantine.db");
    public string SinkProgress => Path.Combine(Root, "sink.db");
    public string Runs => Path.Combine(Root, "runs.db");
    public string Bases => Path.Combine(Root, "base");
    public string Warehouse => Path.Combine(Root, "warehouse");

    public void Dispose() => _lock.Dispose();
}

public sealed class DataFolderException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What is decided once for an installation and kept with its journal.</summary>
internal sealed class InstallationFacts(SqliteRunJournal journal)
{
    /// <summary>P: chosen at the first start.</summary>
    /// <exception cref="DataFolderException">The folder was made with another number.</exception>
    public int Partitions(int wanted, bool insist)
    {
        if (journal.Fact("partitions") is not { } kept)
        {
            journal.SetFact("partitions", wanted.ToString(CultureInfo.InvariantCulture));
            return wanted;
        }
        var partitions = int.Parse(kept, CultureInfo.InvariantCulture);
        return partitions == wanted || !insist
            ? partitions
            : throw new DataFolderException($"this data folder has {partitions} partitions, for life; {wanted} were asked for");
    }

    /// <summary>One more than at the last start.</summary>
    public long NextGeneration()
    {
        var next = long.Parse(journal.Fact("generation") ?? "0", CultureInfo.InvariantCulture) + 1;
        journal.SetFact("generation", next.ToString(CultureInfo.InvariantCulture));
        return next;
    }

    /// <summary>Key of the event-id hashes: random per installation, so that nobody can choose ids that collide.</summary>
    public (ulong Key0, ulong Key1) IdKeys()
    {
        if (journal.Fact("id_key") is not { } kept) journal.SetFact("id_key", kept = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        return (ulong.Parse(kept.AsSpan(0, 16), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            ulong.Parse(kept.AsSpan(16, 16), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }

    /// <summary>The first definition, which epoch 0 names, and when that was.</summary>
    public (string Hash, long AtMs)? FirstDefinition
    {
        get => journal.Fact("first_definition")?.Split(' ') is [var hash, var at] ? (hash, long.Parse(at, CultureInfo.InvariantCulture)) : null;
        set => journal.SetFact("first_definition", value is { } v ? string.Create(CultureInfo.InvariantCulture, $"{v.Hash} {v.AtMs}") : null);
    }

    /// <summary>The definition the next run computes, when it is not the served one.</summary>
    public string? PendingDefinition
    {
        get => journal.Fact("pending_definition");
        set => journal.SetFact("pending_definition", value);
    }

    /// <summary>Per partition the offset below which every change is in the population table.</summary>
    public long[] PopulationWritten(int partitions)
    {
        var kept = journal.Fact("population_written")?.Split(',').Select(o => long.Parse(o, CultureInfo.InvariantCulture)).ToArray();
        return kept?.Length == partitions ? kept : new long[partitions];
    }

    public void SetPopulationWritten(long[] offsets) => journal.SetFact("population_written", string.Join(',', offsets));

    /// <summary>The day the population was last swept for, days since 1970; null before the first sweep.</summary>
    public string? Swept
    {
        get => journal.Fact("population_swept");
        set => journal.SetFact("population_swept", value);
    }
}
