using System.Diagnostics;
using System.Text;
using Lambda.SpeedLayer.Base;

namespace Lambda.LoadTests.Storage;

/// <summary>Base files: one million customers of about 500 bytes in one file: write, open, find at random, scan.</summary>
internal static class BaseBench
{
    private const int Customers = 1_000_000, Finds = 1_000_000;

    public static void Run(string folder)
    {
        var random = new Random(4);
        var states = new byte[4096];
        random.NextBytes(states);
        var watch = Stopwatch.StartNew();
        string path;
        using (var writer = new BaseFileWriter(folder, 0, 1, "hash"))
        {
            for (var i = 0; i < Customers; i++) writer.Add(Encoding.UTF8.GetBytes($"c{i:d8}"), states.AsSpan(random.Next(3000), random.Next(300, 700)));
            path = writer.Complete().Path;
        }
        Console.WriteLine($"  write {Customers:n0} customers, {new FileInfo(path).Length >> 20} MB: {watch.Elapsed.TotalSeconds:f2} s");
        BaseFile.Open(path).Retire(); // compiles
        watch.Restart();
        var view = BaseFile.Open(path);
        Console.WriteLine($"  open {watch.Elapsed.TotalMilliseconds:f2} ms");
        var ids = Enumerable.Range(0, Finds).Select(_ => Encoding.UTF8.GetBytes($"c{random.Next(Customers):d8}")).ToArray();
        foreach (var what in (string[])["first touch of each block", "checked blocks", "checked blocks"])
        {
            var cpu = Environment.CpuUsage.TotalTime;
            watch.Restart();
            long bytes = 0;
            foreach (var id in ids)
            {
                if (!view.TryAcquire() || !view.TryFind(id, out var state)) throw new InvalidOperationException("not found");
                bytes += state[0];
                view.Release();
            }
            Console.WriteLine($"  find at random, {what}: {watch.Elapsed.TotalMicroseconds / Finds:f2} us, cpu {(Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / Finds:f2} us");
        }
        watch.Restart();
        Console.WriteLine($"  scan {view.Scan().Count() / watch.Elapsed.TotalSeconds:n0} customers/s");
        view.Retire();
    }
}
