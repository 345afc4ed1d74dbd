using System.Text.Json;
using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Runs;

namespace Lambda.BatchLayer.Memory;

/// <summary>The journal in memory, through the same JSON as on disk.</summary>
public sealed class MemoryRunJournal : IRunJournal, IDefinitionStore
{
    private readonly List<string> _events = [];
    private readonly Dictionary<string, string> _definitions = [];

    public IReadOnlyList<RunEvent> Load() => _events.ConvertAll(json => JsonSerializer.Deserialize(json, RunJson.Default.RunEvent)!);

    public void Append(RunEvent happened) => _events.Add(JsonSerializer.Serialize(happened, RunJson.Default.RunEvent));

    public void Put(string hash, string name, string text) => _definitions.TryAdd(hash, text);

    public string? Get(string hash) => _definitions.GetValueOrDefault(hash);
}
