using System.Diagnostics;

namespace Lambda.Cluster.Bench;

/// <summary>Processor time of this process between two moments: what a busy machine does to the wall clock it does not do to this.</summary>
internal readonly struct CpuClock
{
    private readonly TimeSpan _begin;

    private CpuClock(TimeSpan begin) => _begin = begin;

    public static CpuClock Start() => new(Process.GetCurrentProcess().TotalProcessorTime);

    /// <summary>Microseconds each of <paramref name="count"/> things took, all cores together.</summary>
    public double MicrosEach(long count) => (Process.GetCurrentProcess().TotalProcessorTime - _begin).TotalMicroseconds / count;
}
