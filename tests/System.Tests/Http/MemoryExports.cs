using System.Collections.Concurrent;
using System.Text;
using Lambda.Serving.Ports;

namespace Lambda.SystemTests.Http;

/// <summary>Targets and journal of export jobs in memory; a write can be made to fail as a crash or a full disk would make it.</summary>
internal sealed class MemoryExports : IExportTargets, IExportJournal
{
    public ConcurrentDictionary<string, byte[]> Files { get; } = [];
    public ConcurrentDictionary<string, ExportJob> Jobs { get; } = [];

    /// <summary>Called before each file becomes visible.</summary>
    public Func<string, Task> OnWrite { get; set; } = _ => Task.CompletedTask;

    public IExportTarget Open(string kind, string path) => path.Contains("..", StringComparison.Ordinal) || kind == "s3"
        ? throw new ExportRefusedException($"path `{path}` leads nowhere")
        : new Target(this, path);

    public ExportJob? Get(string id) => Jobs.GetValueOrDefault(id);

    public IReadOnlyList<ExportJob> List() => [.. Jobs.Values.OrderByDescending(j => j.CreatedAtMs)];

    public void Put(ExportJob job) => Jobs[job.Id] = job;

    public async Task<ExportJob> EndedAsync(string id)
    {
        for (var until = DateTime.UtcNow.AddSeconds(60); DateTime.UtcNow < until; await Task.Delay(5))
            if (Get(id) is { IsFinal: true } job) return job;
        throw new TimeoutException($"export {id} has not ended: {Get(id)}");
    }

    public string Text(string name) => Encoding.UTF8.GetString(Files.Single(f => f.Key.EndsWith(name, StringComparison.Ordinal)).Value);

    private sealed class Target(MemoryExports all, string path) : IExportTarget
    {
        public string Place => "memory:" + path;

        public Task PrepareAsync(CancellationToken cancel) => Task.CompletedTask;

        public async Task WriteAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancel)
        {
            using var bytes = new MemoryStream();
            await write(bytes, cancel);
            await all.OnWrite(name);
            all.Files[$"{path}/{name}"] = bytes.ToArray();
        }

        public Task<bool> DeleteAsync(string name, CancellationToken cancel) => Task.FromResult(all.Files.TryRemove($"{path}/{name}", out _));
    }
}

/// <summary>Refuses what contains `bad`, gives two rows for all else.</summary>
internal sealed class MemorySql : IAnalystSql
{
    public (string Sql, IReadOnlyDictionary<string, string?> Parameters, int RowsMax) Last { get; private set; }

    public Task<SqlResult> RunAsync(string sql, IReadOnlyDictionary<string, string?> parameters, int rowsMax, CancellationToken cancel)
    {
        Last = (sql, parameters, rowsMax);
        if (sql.Contains("bad", StringComparison.Ordinal)) throw new SqlRefusedException("function `bad` is not allowed");
        if (sql.Contains("slow", StringComparison.Ordinal)) throw new QueryLimitException(QueryLimit.Time, "more than the 30 s that a statement may take");
        return Task.FromResult(new SqlResult(["a", "b"], ["Int64", "String"], ["""[1,"x"]"""u8.ToArray(), "[2,null]"u8.ToArray()], true));
    }
}
