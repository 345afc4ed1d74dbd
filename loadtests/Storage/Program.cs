using Lambda.LoadTests.Storage;

// Storage alone, beside the limits of the disk: dotnet run -c Release --project loadtests/Storage -- [all|log|checkpoint|base] [FOLDER]
var what = args.Length > 0 ? args[0] : "all";
var root = args.Length > 1 ? args[1] : Path.GetTempPath();
var folder = Directory.CreateDirectory(Path.Combine(root, $"lambda-storage-{Environment.ProcessId}")).FullName;
try
{
    Console.WriteLine($"limit: write and fsync of 16 KB {Measure.Fsync(folder, 16 << 10)}; of 1 MB {Measure.Fsync(folder, 1 << 20)}");
    if (what is "all" or "log") await LogBench.RunAsync(folder, events: 1_000_000, perBatch: 4_000);
    if (what is "all" or "checkpoint") await CheckpointBench.RunAsync(folder);
    if (what is "all" or "base") BaseBench.Run(folder);
}
finally
{
    Directory.Delete(folder, recursive: true);
}
