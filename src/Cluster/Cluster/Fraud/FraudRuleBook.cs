using System.Collections.Concurrent;
using Lambda.BatchLayer.Ports;
using Lambda.Cluster.Cli;
using Lambda.Domain.Fraud.Rules;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;
using Lambda.Serving.Ports;

namespace Lambda.Cluster.Fraud;

/// <summary>
/// Rules as facts of the installation: the active hash, and each text under its own. A text that this version refuses, of a newer one perhaps, is told of, and what decided before goes on.
/// </summary>
internal sealed class FraudRuleBook : IFraudRuleBook
{
    private const string Active = "fraud_rules", Before = "fraud_rules_before", TextOf = "fraud_rules:";
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    private readonly IFacts _facts;
    private readonly Action<string, Exception> _onError;
    private readonly ConcurrentDictionary<string, RuleSet> _known = new();
    private volatile RuleSet _current;
    private string? _refused;

    /// <param name="setting">File for an installation that has no rules yet; null: what comes with Lambda.</param>
    /// <exception cref="CommandException">The file cannot be read, or is wrong.</exception>
    public FraudRuleBook(IFacts facts, string? setting, Action<string, Exception> onError)
    {
        (_facts, _onError) = (facts, onError);
        var first = ReadFile(setting ?? DefaultFile());
        facts.SetFact(TextOf + first.Hash, first.Text);
        facts.TrySetFact(Active, null, first.Hash); // another node may be starting, too, or somebody has activated others meanwhile
        _current = facts.Fact(Before) is { } before ? ByHash(before) ?? first : first; // what decided last, if the active text cannot be read
        Refresh();
    }

    /// <summary>views/fraud-rules.yaml, as it was built in beside the host.</summary>
    public static string DefaultFile() => Path.Combine(AppContext.BaseDirectory, "views", "fraud-rules.yaml");

    public RuleSet Current => _current;

    public RuleSet? ByHash(string hash)
    {
        if (_known.TryGetValue(hash, out var known)) return known;
        if (_facts.Fact(TextOf + hash) is not { } text) return null;
        try
        {
            return _known[hash] = RulesLoader.Load(hash, text);
        }
        catch (DefinitionException)
        {
            return null; // of a version with other words
        }
    }

    public RuleSet Check(string text, string file) => RulesLoader.Load(file, text);

    public RuleSet Activate(string text, string file)
    {
        var rules = Check(text, file);
        Store(rules);
        Refresh();
        return rules;
    }

    /// <summary>Takes over what another node activated.</summary>
    public Task<TimeSpan> StepAsync()
    {
        Refresh();
        return Task.FromResult(Every);
    }

    private void Refresh()
    {
        if (_facts.Fact(Active) is not { } hash || hash == _current.Hash || hash == _refused) return;
        if (ByHash(hash) is { } rules) (_current, _refused) = (rules, null);
        else
        {
            _refused = hash;
            _onError("fraud rules", new InvalidOperationException($"the active rules {hash} cannot be read by this version; {_current.Hash} go on deciding on this node"));
        }
    }

    private void Store(RuleSet rules)
    {
        _facts.SetFact(TextOf + rules.Hash, rules.Text);
        if (_current.Hash != rules.Hash) _facts.SetFact(Before, _current.Hash);
        _facts.SetFact(Active, rules.Hash);
    }

    /// <exception cref="CommandException">It cannot be read, or is wrong.</exception>
    public static RuleSet ReadFile(string file)
    {
        try
        {
            return RulesLoader.Load(file, File.ReadAllText(file));
        }
        catch (Exception e) when (e is DefinitionException or IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Usage, $"fraud_rules: {e.Message}");
        }
    }
}
