/* The contents of a data set file, whichever program wrote it. */
#include "dataset_notes.h"

static const ent_h5_note NOTES[] = {
    {"/modality/*/features", "as in the source",
     "features of the modality, a row per sample; NaN or 0 where it is absent"},
    {"/modality/*/present", "1", "1 where the sample has the modality, else 0"},
    {"/label/class*", "none", "class of each sample; a number in the name is the number of classes"},
    {"/label/value", "as in the source", "real label of each sample, for example a sentiment from -3 to 3"},
    {"/label/*", "as in the source", "a further label of each sample"},
    {"/split", "none", "part that each sample is in: 0 train, 1 validation, 2 test"},
    {"/group", "none", "group of each sample, for example its speaker or video: a natural client"},
    {"/group_name", "none", "names of the groups, in the order of their numbers"},
    {"/class_name", "none", "names of the classes, in the order of their numbers"},
    {"/id", "none", "name of each sample in the source"},
    {"/interval", "s", "start and end of each sample in its recording"},
    {"/image", "none", "number of each sample's image in the source"},
    {"/hidden/h", "1", "hidden number of each sample and modality, which the features show with noise"},
    {"/hidden/group", "1", "number of each group that the label's score depends on"},
    {"/hidden/direction/*", "1", "direction of length 1 in which the features show the hidden number"},
    {NULL, NULL, NULL}};

ent_status ent_dataset_annotate(ent_h5 *file)
{
    return ent_h5_annotate(file, NOTES);
}
