using System.Text.Json;
using Lambda.BatchLayer.Ports;
using Lambda.BatchLayer.Runs;

namespace Lambda.BatchLayer.Memory;

/// <summary>The journal in memory, through the same JSON as on disk.</summary>
public sealed class MemoryRunJournal : IRunJournal, IDefinitionStore, IFacts
{
    private readonly List<string> _events = [];
    private readonly OrderedDictionary<string, (string Name, string Text)> _definitions = [];
    private readonly Dictionary<string, string> _facts = [];

    public IReadOnlyList<RunEvent> Load()
    {
        lock (_events) return _events.ConvertAll(json => JsonSerializer.Deserialize(json, RunJson.Default.RunEvent)!);
    }

    public Task AppendAsync(RunEvent happened)
    {
        lock (_events) _events.Add(JsonSerializer.Serialize(happened, RunJson.Default.RunEvent));
        return Task.CompletedTask;
    }

    public void Put(string hash, string name, string text) => _definitions.TryAdd(hash, (name, text));

    public string? Get(string hash) => _definitions.GetValueOrDefault(hash).Text;

    public IReadOnlyList<(string Hash, string Name, string Text)> Definitions() => [.. _definitions.Select(d => (d.Key, d.Value.Name, d.Value.Text))];

    public string? Fact(string name)
    {
        lock (_facts) return _facts.GetValueOrDefault(name);
    }

    public void SetFact(string name, string? value)
    {
        lock (_facts)
        {
            if (value is null) _facts.Remove(name);
            else _facts[name] = value;
        }
    }

    public bool TrySetFact(string name, string? expected, string value)
    {
        lock (_facts)
        {
            if (_facts.GetValueOrDefault(name) != expected) return false;
            _facts[name] = value;
            return true;
        }
    }
}
