using Lambda.Domain.Definitions;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Views;
using YamlDotNet.Core;

namespace Lambda.Domain.Yaml;

/// <summary>Reads what is answered when a transaction cannot be decided as it should be. docs/fraud.md says what it may hold.</summary>
public static class PolicyLoader
{
    /// <param name="fileName">What errors call the file.</param>
    /// <exception cref="DefinitionException">All errors found, each with its place.</exception>
    public static FraudPolicy Load(string fileName, string text)
    {
        try
        {
            return PolicyReader.Read(fileName, YamlSource.Read(text));
        }
        catch (YamlException error)
        {
            var place = YamlSource.Place(error.Start);
            throw new DefinitionException([new DefinitionError(fileName, Math.Max(1, place.Line), Math.Max(1, place.Column), error.Message)]);
        }
    }
}
