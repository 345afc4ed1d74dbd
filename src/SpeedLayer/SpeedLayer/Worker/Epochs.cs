using Lambda.Domain.Views;

namespace Lambda.SpeedLayer.Worker;

/// <summary>
/// Where one partition stands between batch and speed. Epoch e is what lies between barriers e-1 and e; events behind the newest barrier
/// belong to the open epoch, <see cref="Current"/> + 1.
/// </summary>
/// <param name="Published">Epoch of the adopted base: it holds every event of epochs ≤ Published.</param>
/// <param name="Current">Newest barrier that counted.</param>
/// <param name="Active">Definition of the base, of closed and of open: what answers are finished under.</param>
/// <param name="Next">Definition of the newest barrier's run when it differs from <see cref="Active"/>: folded besides, from that barrier on.</param>
public sealed record Epochs(long Published, long Current, CompiledView Active, CompiledView? Next)
{
    public long Open => Current + 1;

    /// <summary>The state behind the next barrier; one that is not current + 1 changes nothing.</summary>
    public Epochs AfterBarrier(long epoch, CompiledView definition) => epoch != Current + 1
        ? this
        : this with { Current = epoch, Next = Same(definition, Active) ? null : definition };

    /// <summary>The state once the base of <paramref name="epoch"/> is served.</summary>
    /// <exception cref="InvalidOperationException">
    /// The newest barrier is another one: publication names the newest barrier or nothing, so this is a bug of the batch layer or of recovery.
    /// </exception>
    public Epochs AfterAdoption(long epoch, CompiledView definition) => epoch != Current || epoch < Published
        ? throw new InvalidOperationException($"cannot adopt base {epoch}: the partition stands at barrier {Current}, base {Published}")
        : new Epochs(epoch, Current, definition, null);

    internal static bool Same(CompiledView? a, CompiledView? b) => ReferenceEquals(a, b) || a?.Definition.Hash == b?.Definition.Hash;
}
