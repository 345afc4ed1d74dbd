using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Domain.Views;

namespace Lambda.SpeedLayer.Ports;

/// <summary>Where base files are: built by a run, opened by publication, deleted when no publication names them.</summary>
public interface IBaseStore
{
    /// <summary>Writes the base of one partition, durable when complete, replacing an earlier try. States come ascending by customer id bytes.</summary>
    Task<Artefact> BuildAsync(
        long epoch, string definitionHash, int partition, IAsyncEnumerable<(CustomerId Customer, State State)> states, CancellationToken cancel);

    /// <exception cref="BaseCorruptException">Missing, damaged, or not the one that was published.</exception>
    IBaseView Open(Artefact file);

    /// <summary>Gives the view up: its file is unmapped when the last reader has released it.</summary>
    void Retire(IBaseView view);

    /// <summary>Deletes every base file that is not among these.</summary>
    void DeleteExcept(IReadOnlyCollection<string> names);
}
