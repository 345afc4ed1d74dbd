using System.Collections.Concurrent;
using System.Text;
using System.Threading.Channels;
using Lambda.Domain.Expressions;
using Lambda.Serving.Ports;
using Lambda.Serving.Search;
using Lambda.Serving.Security;

namespace Lambda.Serving.Export;

/// <summary>
/// Exports into a folder or a bucket, one after another. A job is cut by customer id into parts; each part is a file that is there whole or not at all, and is
/// journalled once it is. After a crash the parts that are journalled stay and the next one is written again under its name, so no row is lost or doubled: every
/// customer lies in exactly one part. Each row is exact at its own position; parts are read one after another, so the file set is no snapshot of one moment.
/// </summary>
public sealed partial class ExportJobs : IAsyncDisposable
{
    private readonly IPopulationReads _reads;
    private readonly IExportTargets _targets;
    private readonly IExportJournal _journal;
    private readonly string _node;
    private readonly TimeProvider _time;
    private readonly Action<string, Exception> _onError;
    private readonly Channel<string> _waiting = Channel.CreateBounded<string>(Limits.ExportJobsWaiting);
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _cancels = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;

    public ExportJobs(IPopulationReads reads, IExportTargets targets, IExportJournal journal, string node, TimeProvider time, Action<string, Exception> onError)
    {
        (_reads, _targets, _journal, _node, _time, _onError) = (reads, targets, journal, node, time, onError);
        foreach (var job in journal.List().Reverse().Where(j => j.Node == node && !j.IsFinal)) Enqueue(job.Id);
        _loop = Task.Run(RunAsync);
    }

    public int RowsPerPart { get; init; } = Limits.ExportRowsPerPart;

    public ExportJob? Get(string id) => _journal.Get(id);

    public IReadOnlyList<ExportJob> List() => _journal.List();

    /// <exception cref="ExportRefusedException">There may be no export to there.</exception>
    /// <exception cref="EngineUnavailableException">Too many wait already.</exception>
    public ExportJob Start(PopulationExport export, ExportRights by, string kind, string path)
    {
        var id = $"export-{Guid.NewGuid():N}"[..19];
        var below = path.Length == 0 ? id : $"{path}/{id}";
        var job = new ExportJob(
            id, _node, ExportState.Queued, export.Definition.Hash, export.Where is null ? null : ExprText.Print(export.Where), [.. export.Columns.Select(c => c.Name)], export.WithSegments, export.Format,
            kind, below, _targets.Open(kind, below).Place, null, [], 0, null, NowMs, null, null, by);
        _journal.Put(job);
        if (Enqueue(id)) return job;
        _journal.Put(job with { State = ExportState.Failed, EndedAtMs = NowMs, Reason = "too many exports waited" });
        throw new EngineUnavailableException($"{Limits.ExportJobsWaiting} exports wait already", TimeSpan.FromSeconds(30));
    }

    /// <returns>Null when there is none; else as it stands now. One that has ended stays as it is.</returns>
    public ExportJob? Cancel(string id)
    {
        if (_journal.Get(id) is not { } job) return null;
        if (job.IsFinal) return job;
        if (_cancels.TryGetValue(id, out var cancel)) cancel.Cancel();
        var cancelled = job with { State = ExportState.Cancelled, EndedAtMs = NowMs, Reason = "asked for" };
        _journal.Put(cancelled);
        return cancelled;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    private long NowMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private bool Enqueue(string id)
    {
        _cancels[id] = new CancellationTokenSource();
        return _waiting.Writer.TryWrite(id);
    }

    private async Task RunAsync()
    {
        try
        {
            await foreach (var id in _waiting.Reader.ReadAllAsync(_stopping.Token)) await RunAsync(id);
        }
        catch (OperationCanceledException)
        {
            // What is unfinished goes on after the next start.
        }
    }

    private async Task RunAsync(string id)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, _cancels[id].Token);
        try
        {
            if (_journal.Get(id) is { IsFinal: false } job) await RunAsync(job, cancel.Token);
        }
        catch (Exception e) when (!_stopping.IsCancellationRequested)
        {
            if (_journal.Get(id) is { IsFinal: false } job)
            {
                _journal.Put(job with { State = ExportState.Failed, EndedAtMs = NowMs, Reason = e.Message });
                if (e is not (ExportRefusedException or QueryLimitException or EngineUnavailableException)) _onError($"export {id}", e);
            }
        }
        finally
        {
            if (_cancels.TryRemove(id, out var own)) own.Dispose();
        }
    }

    private async Task RunAsync(ExportJob job, CancellationToken cancel)
    {
        var definition = await PatientlyAsync(async () => await _reads.DefinitionAsync(cancel), cancel);
        if (definition?.Hash != job.Definition) throw new ExportRefusedException("another definition has taken over since the job was made; make it again");
        var target = _targets.Open(job.Kind, job.Path);
        await target.PrepareAsync(cancel);
        if (job.Bounds is null)
        {
            var summary = await PatientlyAsync(async () => await _reads.SummaryAsync(definition, cancel), cancel);
            var chosen = await PatientlyAsync(() => _reads.BoundariesAsync(definition, RowsPerPart, cancel), cancel);
            job = job with { Bounds = chosen, OldestEpoch = summary.OldestEpoch, OldestAsOfDay = summary.OldestAsOfDay };
        }
        job = Save(job with { State = ExportState.Running }, cancel);
        var bounds = job.Bounds!;
        var asked = Question.Of(definition, new Caller(job.By.Name, Roles.None, job.By.SeesPersonalData), job.Where, job.Columns, [], allByDefault: false);
        for (var part = job.Parts.Count; part <= bounds.Count; part++)
        {
            var export = new PopulationExport(definition, asked.Where, asked.Columns, job.WithSegments, job.Format, part == 0 ? "" : bounds[part - 1], part == bounds.Count ? "" : bounds[part]);
            var name = PartName(part, job.Format);
            var written = await PatientlyAsync(() => WriteAsync(target, name, export, cancel), cancel);
            job = Save(job with { Parts = [.. job.Parts, written] }, cancel);
        }
        var done = job with { State = ExportState.Done, EndedAtMs = NowMs };
        await target.WriteAsync(ExportManifest.File, (to, c) => to.WriteAsync(Encoding.UTF8.GetBytes(ExportManifest.Of(done)), c).AsTask(), cancel);
        Save(done, cancel);
    }

    /// <param name="part">From 0.</param>
    private static string PartName(int part, ExportFormat format) => $"part-{part + 1:00000}.{ExportManifest.Extension(format)}";

    /// <summary>A job that was cancelled meanwhile is not brought back.</summary>
    private ExportJob Save(ExportJob job, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        _journal.Put(job);
        return job;
    }

    private async Task<ExportPart> WriteAsync(IExportTarget target, string name, PopulationExport export, CancellationToken cancel)
    {
        ExportPart? written = null;
        await target.WriteAsync(name, async (to, c) =>
        {
            await using var from = await _reads.ExportAsync(export, c);
            written = await PartWriter.CopyAsync(name, export.Format, from, to, c);
        }, cancel);
        return written!;
    }

    /// <summary>A warehouse that is away for the moment ends no job.</summary>
    private async Task<T> PatientlyAsync<T>(Func<Task<T>> ask, CancellationToken cancel)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await ask();
            }
            catch (EngineUnavailableException e) when (tries < Limits.ExportTries)
            {
                await Task.Delay(e.RetryAfter * tries, _time, cancel);
            }
        }
    }
}
