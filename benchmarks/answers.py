"""The ten answers of RESULTS.md, from the intervals of the studies; used by results.py."""
from studies import SETS, spans_of, verdict


def fusion_spans(studies, other, reference=True):
    return [pair for kind in ("fusion", "fusion12", "qft")
            for pair in spans_of(studies, kind, lambda study, s: [study.over(s, "0", other, reference)])]


def paper_spans(studies, other, rate="0.3"):
    return spans_of(studies, "paper", lambda study, s: [study.over(s, rate, other)])


def best_single(studies, rate):
    """mma above the best of the single modalities, by its mean."""
    def pick(study, s):
        single = [v for v in study.variants if v.startswith("only") and study.mean(s, rate, v) is not None]
        return [study.over(s, rate, max(single, key=lambda v: study.mean(s, rate, v)))] if single else []

    return spans_of(studies, "paper", pick)


def missing_spans(studies, who, others):
    return spans_of(studies, "missing", lambda study, s: [study.over(s, r, other) for r in study.rates
                                                          for other in others if who in s])


def sizes(studies):
    text = []
    for kind in ("fusion", "fusion12"):
        for name, study in studies.get(kind, {}).items():
            text += [f"{SETS[name]} {s} {study.mean(s, '0', 'ring1'):.3f}" for s in study.settings
                     if study.mean(s, "0", "ring1")]
    return "; ".join(text) or "not measured"


def answers_section(studies, *_):
    if not studies.get("fusion") or not studies.get("paper"):
        return None
    quantum = spans_of(studies, "quantum", lambda study, s: [study.over(s, r, v) for r in study.rates
                                                             for v in ("mlp", "multilinear")])
    low = spans_of(studies, "quantum", lambda study, s: [study.over(s, r, "fused_low", False) for r in study.rates])
    default = [(kind, spans_of(studies, "defaults", lambda study, s, kind=kind: [study.over(s, "0", kind)]))
               for kind in ("mlp", "multilinear", "logistic")]

    def fusion(other):
        return verdict(fusion_spans(studies, other))

    def fuller(other):
        return verdict(fusion_spans(studies, other, False))

    def lost(who, *others):
        return verdict(missing_spans(studies, who, others))

    return written([
        ("**Does entangling fusion help** (one ring of CRZ)?", [
            ("against no fusion and no readout of two registers", fusion("none")),
            ("against readouts of two registers without a fusion circuit, that is products of expectation values",
             fusion("product"))]),
        ("Does more of it?", [("two rings against one", fuller("ring2")), ("three against one", fuller("ring3")),
                              ("two with the data encoded again between them, against one", fuller("reupload"))]),
        ("Does fusion that does not factorise, so that a readout depends on several qubits of a register?", [
            ("entanglers within the registers too, against one ring", fuller("within")),
            ("a Fourier transform of all qubits, against one ring", fuller("qft"))]),
        ("Do larger registers?", [("test accuracy of one ring by qubits per register", sizes(studies))]),
        ("Is the fused circuit better than classical models of as many parameters, each at the learning rate chosen for it, "
         "IID and with everything present?", [
             ("against a multilinear one", fusion("multilinear")), ("against a perceptron", fusion("mlp"))]),
        ("And with non-IID clients or modalities missing?", [
            ("against both", verdict(quantum)),
            *((f"the defaults over all splits, against {kind}", verdict(spans)) for kind, spans in default),
            ("the fused circuit at the rate of the classical models, against itself at the default rate", verdict(low))]),
        ("Do several modalities help against the best single one?", [
            ("with everything present", verdict(best_single(studies, "0"))),
            ("with 30 % of each missing", verdict(best_single(studies, "0.3")))]),
        ("**Does MMA help** where samples lose 30 % of each modality?", [
            ("against zeros", verdict(paper_spans(studies, "zero"))),
            ("against means", verdict(paper_spans(studies, "mean"))),
            ("against leaving incomplete rows out", verdict(paper_spans(studies, "drop")))]),
        ("Where modalities are missing otherwise, does MMA help against zeros and means?", [
            ("of whole clients, in training and test", lost("client_both", "zero", "mean")),
            ("the same with non-IID clients", lost("client_noniid", "zero", "mean")),
            ("of whole clients, in training only", lost("client_train", "zero", "mean")),
            ("in the test only, by sample or client", lost("_test", "zero", "mean"))]),
        ("Is MMA better than its alternatives?", [
            ("than trained stand-ins (`policy: token`), over all kinds of missingness", lost("", "token")),
            ("than MMA with modality dropout, where samples lose modalities", lost("sample", "dropout")),
            ("the same where clients do", lost("client", "dropout"))]),
    ])


def written(answers):
    """A numbered question with a list of answers each."""
    return "\n".join(f"{k}. {question}\n" + "\n".join(f"   - {what}: {answer}" for what, answer in answer_list)
                     for k, (question, answer_list) in enumerate(answers, 1)) + "\n"
