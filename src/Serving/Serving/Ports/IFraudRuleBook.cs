using Lambda.Domain.Fraud.Rules;

namespace Lambda.Serving.Ports;

/// <summary>The rules that decide, the same on every node within a second, and every text that ever did.</summary>
public interface IFraudRuleBook
{
    RuleSet Current { get; }

    /// <summary>Rules that decisions name; null when they were never active here.</summary>
    RuleSet? ByHash(string hash);

    /// <exception cref="Domain.Views.DefinitionException">They are wrong: all errors with their places. The current ones stay.</exception>
    RuleSet Check(string text, string file);

    /// <summary>Lets every node decide by them. Durable when it returns.</summary>
    /// <exception cref="Domain.Views.DefinitionException">They are wrong; the current ones stay.</exception>
    RuleSet Activate(string text, string file);
}
