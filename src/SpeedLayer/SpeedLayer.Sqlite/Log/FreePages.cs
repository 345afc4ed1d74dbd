using System.Diagnostics;
using Lambda.SpeedLayer.Sqlite.Raw;

namespace Lambda.SpeedLayer.Sqlite.Log;

/// <summary>
/// Gives pages that retention freed back to the disk, when there are so many that the next day will not need them. A slice is a transaction that moves
/// pages from the file's end into its gaps; how many is what the last slices took, so that an append waits some milliseconds for one at most.
/// </summary>
/// <param name="writer">The writer thread's connection. Not thread-safe.</param>
internal sealed class FreePages(Database writer, LogLimits limits)
{
    private static readonly TimeSpan SliceMin = TimeSpan.FromMilliseconds(3), SliceMax = TimeSpan.FromMilliseconds(8);
    private const int PagesPerSliceMax = 512;

    private readonly bool _canShrink = writer.Scalar("PRAGMA auto_vacuum") == 2;
    private readonly long _pageBytes = writer.Scalar("PRAGMA page_size");
    private int _pagesPerSlice = 16;
    private bool _giving;

    /// <summary>True when pages should be given back: begun when most are free, gone on with until a quarter is.</summary>
    public bool AreTooMany()
    {
        if (!_canShrink) return false;
        var (free, all) = (writer.Scalar("PRAGMA freelist_count"), writer.Scalar("PRAGMA page_count"));
        _giving = _giving ? free > all / 4 && free > 0 : free > all / 2 && free * _pageBytes > limits.FreeFileBytesMax;
        return _giving;
    }

    /// <summary>One slice, if there are too many.</summary>
    /// <returns>False when there is nothing more to give back.</returns>
    /// <exception cref="SqliteFault"/>
    public bool GiveBackSome()
    {
        if (!AreTooMany()) return false;
        var began = Stopwatch.GetTimestamp();
        writer.Execute($"PRAGMA incremental_vacuum({_pagesPerSlice})");
        var took = Stopwatch.GetElapsedTime(began);
        if (took > SliceMax) _pagesPerSlice = Math.Max(1, _pagesPerSlice / 2);
        else if (took < SliceMin) _pagesPerSlice = Math.Min(PagesPerSliceMax, _pagesPerSlice * 2);
        return true;
    }
}
