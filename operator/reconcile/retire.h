// How a claim is marked whose node was taken out of the cluster. It loses its
// shard label, so no pod is made for it again, and says whether it is to go.
#pragma once

namespace windlass::reconcile {

inline constexpr char kAnnotationRetired[] = "windlass.dev/retired";
inline constexpr char kRetiredDelete[] = "Delete";
inline constexpr char kRetiredRetain[] = "Retain";

}  // namespace windlass::reconcile
