using System.Runtime.CompilerServices;
using Xunit;

namespace Lambda.Domain.Tests.Definitions;

/// <summary>
/// Committed files that tests read, and generated ones they keep identical. LAMBDA_REWRITE_GOLDEN=1 writes golden files anew, LAMBDA_REWRITE_DOCS=1 pages.
/// </summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static void AssertIs(string path, string expected)
    {
        var file = Path.Combine(Root, path);
        var variable = path.StartsWith("docs/", StringComparison.Ordinal) ? "LAMBDA_REWRITE_DOCS" : "LAMBDA_REWRITE_GOLDEN";
        if (Environment.GetEnvironmentVariable(variable) == "1") File.WriteAllText(file, expected);
        Assert.True(File.Exists(file), $"{path} is missing: run with {variable}=1");
        var actual = File.ReadAllText(file);
        Assert.True(expected == actual, $"{path} is not what the code gives: run with {variable}=1 and look at the difference");
    }

    private static string FindRoot([CallerFilePath] string thisFile = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "../../.."));
}
