namespace Lambda.Serving.Local;

internal static class SqliteFile
{
    /// <summary>Makes a missing database with rights for its owner only: it holds secrets, or says much of people.</summary>
    public static void MakePrivate(string file)
    {
        if (file == ":memory:") return;
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder) Directory.CreateDirectory(folder);
        if (OperatingSystem.IsWindows() || File.Exists(file)) return;
        using var made = new FileStream(file, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.ReadWrite, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
    }
}
