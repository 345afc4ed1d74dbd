using System.Security.Cryptography;
using System.Text;
using Lambda.Cluster.Export;
using Lambda.Cluster.Options;
using Lambda.Domain.Views;
using Lambda.Serving.Export;
using Lambda.Serving.Ports;
using Lambda.SystemTests.Http;
using Lambda.TestKit;
using Lambda.TestKit.Population;
using Xunit;

namespace Lambda.SystemTests.Export;

public sealed class ExportJobsTests
{
    private static readonly PopulationExport Everyone = new(TestView.Definition, null, [], false, ExportFormat.Ndjson);
    private static readonly ExportRights Marketing = new("0123456789abcdef", "marketing", SeesPersonalData: false);

    /// <summary>The process dies before any of its files is whole, again and again: the next one goes on where the journal ends.</summary>
    [Fact]
    public async Task Job_WhenItsProcessDiesAtEveryFile_HasEveryRowOnce()
    {
        var (population, exports) = (Population(20), new MemoryExports());
        var dies = 0;
        exports.OnWrite = _ => dies++ % 2 == 0 ? Task.Delay(Timeout.Infinite, new CancellationTokenSource(0).Token) : Task.CompletedTask;
        string? id = null;
        for (var lives = 0; id is null || exports.Get(id) is not { IsFinal: true }; lives++)
        {
            Assert.True(lives < 50);
            var died = new TaskCompletionSource();
            exports.OnWrite = _ =>
            {
                if (dies++ % 2 == 1) return Task.CompletedTask;
                died.TrySetResult();
                return new TaskCompletionSource().Task; // it never comes back: as good as dead
            };
            var jobs = Jobs(population, exports);
            id ??= jobs.Start(Everyone, Marketing, "folder", "x").Id;
            await Task.WhenAny(died.Task, exports.EndedAsync(id));
        }
        var job = exports.Get(id)!;
        Assert.Equal((ExportState.Done, 20), (job.State, job.Parts.Sum(p => p.Rows)));
        var lines = job.Parts.SelectMany(p => exports.Text($"{id}/{p.Name}").Split('\n', StringSplitOptions.RemoveEmptyEntries)).ToList();
        Assert.Equal(population.Rows.Select(r => $$"""{"customer_id":"{{r.Customer}}"}""").Order(StringComparer.Ordinal), lines);
        foreach (var part in job.Parts)
            Assert.Equal((part.Sha256, part.Bytes), (Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(exports.Text($"{id}/{part.Name}")))), exports.Text($"{id}/{part.Name}").Length));
    }

    [Fact]
    public async Task Job_WhenItIsCancelled_StaysSo()
    {
        var (population, exports) = (Population(20), new MemoryExports());
        var (reached, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        exports.OnWrite = async _ =>
        {
            reached.TrySetResult();
            await go.Task;
        };
        await using var jobs = Jobs(population, exports);
        var id = jobs.Start(Everyone, Marketing, "folder", "x").Id;
        await reached.Task;
        Assert.Equal(ExportState.Cancelled, jobs.Cancel(id)!.State);
        go.SetResult();
        var next = jobs.Start(Everyone, Marketing, "folder", "y").Id; // runs when the first has ended
        Assert.Equal(ExportState.Done, (await exports.EndedAsync(next)).State);
        Assert.Equal(ExportState.Cancelled, exports.Get(id)!.State);
        Assert.DoesNotContain(exports.Files.Keys, f => f.Contains(id, StringComparison.Ordinal) && f.EndsWith("manifest.json", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Job_WhenTheDefinitionChangesOrTheDiskIsFull_FailsAndSaysWhy()
    {
        var (population, exports) = (Population(5), new MemoryExports());
        await using var jobs = Jobs(population, exports);
        exports.OnWrite = _ => throw new IOException("no space left on device");
        Assert.Contains("no space", (await exports.EndedAsync(jobs.Start(Everyone, Marketing, "folder", "x").Id)).Reason, StringComparison.Ordinal);
        exports.OnWrite = _ => Task.CompletedTask;
        population.Definition = TestView.Other;
        Assert.Contains("definition", (await exports.EndedAsync(jobs.Start(Everyone, Marketing, "folder", "x").Id)).Reason, StringComparison.Ordinal);
    }

    /// <summary>A job outlives its process, not the rights it was made with.</summary>
    [Fact]
    public async Task Job_WhenItHasColumnsItsMakerMayNotSee_Fails()
    {
        var (population, exports) = (Population(5), new MemoryExports());
        await using var jobs = Jobs(population, exports);
        var names = new PopulationExport(TestView.Definition, null, [.. TestView.Definition.Outputs.Where(o => o.Pii)], false, ExportFormat.Ndjson);
        Assert.Contains("personal data", (await exports.EndedAsync(jobs.Start(names, Marketing, "folder", "x").Id)).Reason, StringComparison.Ordinal);
        Assert.Equal(ExportState.Done, (await exports.EndedAsync(jobs.Start(names, Marketing with { SeesPersonalData = true }, "folder", "x").Id)).State);
        Assert.DoesNotContain(exports.Files.Keys, f => !f.Contains(exports.Jobs.Values.Single(j => j.State == ExportState.Done).Id, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("/etc")]
    [InlineData("a//b")]
    [InlineData("")]
    [InlineData(".")]
    [InlineData(".hidden")]
    [InlineData("a\\b")]
    [InlineData("a\0b")]
    [InlineData("a\n")]
    [InlineData("C:")]
    [InlineData("~")]
    [InlineData("a/..%2f")]
    [InlineData("link/x")]
    public void Folder_WhenThePathLeadsOut_IsRefused(string path)
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder.File("root"));
        Directory.CreateSymbolicLink(folder.File("root/link"), "/tmp");
        using var targets = new ExportTargets(new LambdaOptions { ExportRoot = folder.File("root") });
        Assert.Throws<ExportRefusedException>(() => targets.Open("folder", path));
        Assert.Throws<ExportRefusedException>(() => targets.Open("s3", "x"));
        Assert.Throws<ExportRefusedException>(() => targets.Open("ftp", "x"));
    }

    [Fact]
    public async Task Folder_WhenAWriteBreaksOff_ShowsNothing()
    {
        using var folder = new TempFolder();
        using var targets = new ExportTargets(new LambdaOptions { ExportRoot = folder.File("root") });
        var target = targets.Open("folder", "a/b-1.x");
        await target.PrepareAsync(default);
        await target.WriteAsync("whole", (to, c) => to.WriteAsync("abc"u8.ToArray(), c).AsTask(), default);
        await Assert.ThrowsAsync<IOException>(() => target.WriteAsync("part", async (to, c) =>
        {
            await to.WriteAsync("abc"u8.ToArray(), c);
            throw new IOException("broken off");
        }, default));
        await target.PrepareAsync(default);
        Assert.Equal(["whole"], Directory.GetFiles(folder.File("root/a/b-1.x")).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("h\na\nb\n", 2)]
    [InlineData("h\n", 0)]
    [InlineData("", 0)]
    [InlineData("\"h\nh\"\n\"a\"\"\n\"\"\",1\n\"\n\n\"\n", 2)]
    public void CsvCounter_WhenValuesHoldLineBreaks_CountsRows(string csv, int rows)
    {
        var counter = new CsvCounter();
        foreach (var b in Encoding.UTF8.GetBytes(csv)) counter.See([b]);
        Assert.Equal(rows, counter.Rows);
    }

    /// <summary>Each customer is erased in turn: the files that are left hold everybody else but those of deleted files, and no bound, condition or manifest names an erased one.</summary>
    [Fact]
    public async Task Forget_WhenCustomersAreErased_DeletesTheFilesTheyAreIn()
    {
        var (population, exports) = (Population(20), new MemoryExports());
        await using var jobs = Jobs(population, exports);
        var id = (await exports.EndedAsync(jobs.Start(Everyone with { Where = null }, Marketing, "folder", "x").Id)).Id;
        Assert.Equal(["c03", "c06", "c09", "c12", "c15", "c18"], exports.Get(id)!.Bounds);
        Assert.Equal((0, null), await Forget("c07", beganBeforeMs: 0));
        foreach (var (customer, deleted) in ((string, long)[])[("c07", 1), ("c07", 0), ("c12", 2), ("nobody", 1), ("c19", 0), ("c13", 0), ("c00", 1)])
        {
            Assert.Equal((deleted, null), await Forget(customer));
            var left = exports.Files.Where(f => f.Key.Contains(id, StringComparison.Ordinal)).Select(f => Encoding.UTF8.GetString(f.Value)).ToList();
            Assert.DoesNotContain(left, f => f.Contains($"\"{customer}\"", StringComparison.Ordinal));
            Assert.DoesNotContain(customer, exports.Get(id)!.Bounds!);
            Assert.Equal(exports.Get(id)!.Parts.Count + 1, left.Count); // and the manifest
            Assert.All(exports.Get(id)!.Parts, p => Assert.Contains(p.Name, left.Single(f => f.Contains("\"parts\"", StringComparison.Ordinal)), StringComparison.Ordinal));
        }
        Assert.Equal(["part-00002.ndjson", "part-00006.ndjson"], exports.Get(id)!.Parts.Select(p => p.Name));

        async Task<(long, string?)> Forget(string customer, long beganBeforeMs = long.MaxValue) =>
            await jobs.ForgetAsync(Lambda.Domain.Events.CustomerId.From(customer), beganBeforeMs, default) is var forgotten ? (forgotten.Deleted, forgotten.Waits) : default;
    }

    /// <summary>Who drives the erasure is another node than the one whose folder it is: it waits until that node has deleted, and says so if it never does.</summary>
    [Fact]
    public async Task Forget_WhenTheFilesAreAnotherNodes_WaitsUntilThatHasDeletedThem()
    {
        var (population, exports, elsewhere) = (Population(20), new MemoryExports(), new MemoryExports());
        await using var owner = Jobs(population, exports);
        await using var driver = new ExportJobs(population, elsewhere, exports, "there", TimeProvider.System, (_, _) => { });
        var job = await exports.EndedAsync(owner.Start(Everyone with { Where = null }, Marketing, "folder", "x").Id);
        var (person, now) = (Lambda.Domain.Events.CustomerId.From("c12"), DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());

        var asked = await driver.ForgetAsync(person, now, default);
        Assert.Equal((2, true), (asked.Deleted, asked.Waits!.Contains("on here", StringComparison.Ordinal)));
        Assert.DoesNotContain("c12", asked.Waits, StringComparison.Ordinal);
        var again = await driver.ForgetAsync(person, now, default);
        Assert.Equal((0, asked.Waits), (again.Deleted, again.Waits));
        Assert.DoesNotContain("c12", exports.Get(job.Id)!.Bounds!);
        var late = await driver.ForgetAsync(person, now - 86_400_001 + 0, default);
        Assert.Null(late.Waits); // it began before that: not concerned

        await driver.DeleteForgottenAsync(default); // not its folder
        Assert.NotNull((await driver.ForgetAsync(person, now, default)).Waits);
        await owner.DeleteForgottenAsync(default);
        var done = await driver.ForgetAsync(person, now, default);
        Assert.Equal((0, null), (done.Deleted, done.Waits));
        Assert.Empty(done.OutOfReach);
        Assert.Empty(elsewhere.Files);
        Assert.DoesNotContain(exports.Files, f => Encoding.UTF8.GetString(f.Value).Contains("\"c12\"", StringComparison.Ordinal));
        Assert.Equal(job.Parts.Count - 2, exports.Get(job.Id)!.Parts.Count);
    }

    [Fact]
    public async Task Forget_WhenTheNodeStaysAway_NamesItsFilesAfterADay()
    {
        var (population, exports) = (Population(20), new MemoryExports());
        await using var owner = Jobs(population, exports);
        await using var driver = new ExportJobs(population, new MemoryExports(), exports, "there", TimeProvider.System, (_, _) => { });
        var job = await exports.EndedAsync(owner.Start(Everyone with { Where = null }, Marketing, "folder", "x").Id);
        var dayAgo = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - 86_400_001;
        exports.Put(job with { CreatedAtMs = dayAgo - 1 });

        var forgotten = await driver.ForgetAsync(Lambda.Domain.Events.CustomerId.From("c07"), dayAgo, default);

        Assert.Null(forgotten.Waits);
        Assert.Equal([$"part-00003.ndjson of {job.Id} on here"], forgotten.OutOfReach);
        await owner.DeleteForgottenAsync(default); // it has come back
        Assert.Empty((await driver.ForgetAsync(Lambda.Domain.Events.CustomerId.From("c07"), dayAgo, default)).OutOfReach);
    }

    private static ExportJobs Jobs(MemoryPopulation population, MemoryExports exports) =>
        new(population, exports, exports, "here", TimeProvider.System, (_, _) => { }) { RowsPerPart = 3 };

    private static MemoryPopulation Population(int rows)
    {
        var parts = new MemoryParts();
        for (var i = 0; i < rows; i++) parts.Have($"c{i:00}", TestView.Full(19_675));
        return parts.Population;
    }
}
