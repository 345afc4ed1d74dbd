using Lambda.Domain.Events;
using Lambda.Domain.Expressions;
using Lambda.Domain.Identity;
using Lambda.Domain.Views;

namespace Lambda.SpeedLayer.Ports;

/// <summary>
/// One person's finished row, that of its canonical member, stamped with what it was computed from. Of two rows of a customer the one with the higher <see cref="Linked"/>
/// counts, of two with the same members the one whose positions are further: none of them decreases, and one writer reads them all.
/// </summary>
public sealed record PopulationRow(CustomerId Customer, int Partition, long Epoch, long Applied, Answer Answer)
{
    /// <summary>The customer was erased, or is part of another's person: its earlier rows are shown no more, nor is this one.</summary>
    public bool IsGone { get; init; }

    /// <summary>It is gone only here, because it is part of another's person: what else shows it shows it rightly.</summary>
    public bool IsOfAnother { get; init; }

    /// <summary>Record of the identity log that made the person what it is; 0 where nobody was ever merged.</summary>
    public long Linked { get; init; }

    /// <summary>Epochs and applied positions of the other members, added up.</summary>
    public long OthersAt { get; init; }

    /// <summary>What made other customers one person than in the row before, if this is the first since.</summary>
    public PersonChange Change { get; init; }

    /// <summary>By place in <see cref="PopulationColumns.Estimates"/>; none at all when no model says anything. They are outside the exactness law and move no stamp.</summary>
    public Value[] Estimates { get; init; } = [];

    /// <summary>The answer of somebody without any event, for a row that <see cref="IsGone"/>.</summary>
    public static Answer Nobody(CompiledView view, int asOfDay) => view.Finish(default(ReadOnlySpan<byte>), null, null, asOfDay);
}

/// <summary>`customer_current`: one wide row of finished metrics per customer, written by the customer's worker only.</summary>
public interface IPopulation
{
    /// <summary>Makes the table of this definition if it is missing (named by definition hash).</summary>
    Task EnsureAsync(ViewDefinition definition, CancellationToken cancel);

    /// <summary>Upserts. All rows are of <paramref name="definition"/>.</summary>
    /// <param name="rows">Walked once, before the write begins, and none is kept: an answer is some kilobytes, so they are best computed on the way.</param>
    Task WriteAsync(ViewDefinition definition, IEnumerable<PopulationRow> rows, CancellationToken cancel);

    /// <summary>Points `customer_current` at this definition's table, atomically; drops the tables of other definitions.</summary>
    Task ActivateAsync(ViewDefinition definition, CancellationToken cancel);
}
