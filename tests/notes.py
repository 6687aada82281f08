"""Every dataset that Entente writes says in the file itself what it is."""
import h5py


def without_notes(*paths):
    """Datasets of these files that lack an attribute `description` or `unit`, as text."""
    found = []
    for path in paths:
        with h5py.File(path) as file:
            sets = []
            file.visititems(lambda name, item: sets.append(item) if isinstance(item, h5py.Dataset) else None)
            assert sets, path
            for dataset in sets:
                found += [f"{path} {dataset.name} {key}" for key in ("description", "unit")
                          if not str(dataset.attrs.get(key, ""))]
    return found
