namespace Lambda.Serving.Ports;

/// <summary>How far imports have come. Kept with the engine's data, so that a fresh engine is never told that a file was imported before.</summary>
public interface IImportJournal
{
    /// <param name="key">Names file and mapping, 1..100 of [a-z0-9-].</param>
    ImportProgress? Get(string key);

    /// <summary>Durable when it returns.</summary>
    void Put(string key, ImportProgress progress);
}

/// <param name="DoneLine">Rows up to this line of the file are imported.</param>
public sealed record ImportProgress(string File, long DoneLine, long Rows, long Events, long Rejected, bool Complete);
