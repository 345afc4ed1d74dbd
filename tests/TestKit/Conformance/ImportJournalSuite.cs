using Lambda.Serving.Ports;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What every journal of imports must do.</summary>
public abstract class ImportJournalSuite : IDisposable
{
    /// <summary>Opens the journal of this test: empty the first time, afterwards with what was put.</summary>
    protected abstract IImportJournal Open();

    public virtual void Dispose() => GC.SuppressFinalize(this);

    [SkippableFact]
    public void Put_WhenAgain_TheLastCountsAndIsThereWhenReopened()
    {
        var journal = Open();
        Assert.Null(journal.Get("k"));
        var progress = new ImportProgress("file é.csv", 1, 2, 3, 4, Complete: false);
        journal.Put("k", progress);
        Assert.Equal(progress, journal.Get("k"));
        journal.Put("k", progress = progress with { DoneLine = long.MaxValue, Complete = true });
        Assert.Equal(progress, Open().Get("k"));
        Assert.Null(journal.Get("other"));
    }

    [SkippableFact]
    public void Put_WhenManyAtOnce_EachKeyHasItsLast()
    {
        var journal = Open();
        Parallel.For(0, 4, i =>
        {
            for (var line = 1; line <= 20; line++) journal.Put($"k{i}", new ImportProgress($"f{i}", line, line, line, 0, Complete: line == 20));
        });
        for (var i = 0; i < 4; i++) Assert.Equal(new ImportProgress($"f{i}", 20, 20, 20, 0, Complete: true), journal.Get($"k{i}"));
    }
}
