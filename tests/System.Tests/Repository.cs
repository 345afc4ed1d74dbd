namespace Lambda.SystemTests;

/// <summary>Where the sources are, and data beside them.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>The shared data sets: LAMBDA_SHARED_DATA, else shared/data one or two folders above the checkout; null when there are none.</summary>
    public static string? SharedData { get; } = new[] { Environment.GetEnvironmentVariable("LAMBDA_SHARED_DATA"), Path.Combine(Root, "../shared/data"), Path.Combine(Root, "../../shared/data") }
        .FirstOrDefault(folder => folder is { Length: > 0 } && Directory.Exists(folder));

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Lambda.sln"))) return folder.FullName;
        throw new InvalidOperationException($"no Lambda.sln above {AppContext.BaseDirectory}");
    }
}
