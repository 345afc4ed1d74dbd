using Lambda.Serving.OpenApi;
using Xunit;

namespace Lambda.SystemTests.Security;

public sealed class ApiDocsTests
{
    /// <summary>After a change of an endpoint or its roles run once with LAMBDA_REWRITE_DOCS=1, look at what changed, and commit the file.</summary>
    [Fact]
    public void ApiPage_WhenRendered_IsTheCommittedOne()
    {
        var file = Path.Combine(Repository.Root, "docs", "api.md");
        if (Environment.GetEnvironmentVariable("LAMBDA_REWRITE_DOCS") == "1") File.WriteAllText(file, ApiDocs.Render());
        Assert.True(File.ReadAllText(file) == ApiDocs.Render(), "docs/api.md is not what the endpoints say: run this test with LAMBDA_REWRITE_DOCS=1");
    }
}
