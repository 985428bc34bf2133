// What deploy.mts writes into clusters. Changing one of these orphans what was deployed with the old one.

/** The field manager: what a field is ours by, and what others read in a conflict. */
export const fieldManager = "deploy.mts";

/** On workloads: the images as the manifests name them, by container. The containers have them by digest. */
export const tagsAnnotation = "deploy.mts/images";
