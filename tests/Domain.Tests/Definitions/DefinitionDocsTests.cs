using Lambda.Domain.Definitions;
using Lambda.Domain.Yaml;
using Xunit;

namespace Lambda.Domain.Tests.Definitions;

/// <summary>The committed pages are what the code generates; LAMBDA_REWRITE_DOCS=1 writes them anew.</summary>
public sealed class DefinitionDocsTests
{
    private const string Begin = "<!-- functions: generated -->\n", End = "<!-- end -->";

    [Fact]
    public void DataDictionary_OfTheCommittedView_IsTheCommittedPage() => Repository.AssertIs("docs/data-dictionary.md",
        DefinitionDocs.DataDictionary(DefinitionLoader.Load("views/customer360.yaml", Repository.Read("views/customer360.yaml")), "views/customer360.yaml"));

    [Fact]
    public void LanguagePage_HoldsTheFunctionTable()
    {
        var page = Repository.Read("docs/definition-language.md");
        var (from, to) = (page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, page.IndexOf(End, StringComparison.Ordinal));
        Repository.AssertIs("docs/definition-language.md", page[..from] + DefinitionDocs.FunctionTable() + page[to..]);
    }
}
