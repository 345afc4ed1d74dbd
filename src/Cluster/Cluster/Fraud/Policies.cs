using Lambda.Cluster.Cli;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;

namespace Lambda.Cluster.Fraud;

/// <summary>The policy of authorizations that the options name.</summary>
internal static class Policies
{
    /// <exception cref="CommandException">The file cannot be read, or is wrong: all errors with their places.</exception>
    public static FraudPolicy Read(string? file)
    {
        if (file is null) return FraudPolicy.Default;
        try
        {
            return PolicyLoader.Load(file, File.ReadAllText(file));
        }
        catch (Exception e) when (e is DefinitionException or IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Usage, $"fraud_policy: {e.Message}");
        }
    }
}
